# ZFS without what only a file server needs: sharing over SMB and NFS, and the Python that `arcstat` and friends want.
{ lib, pkgs, ... }:
{
  boot.zfs.package = lib.mkDefault (
    pkgs.zfs.override {
      # Of these only `net` and `exportfs` are called, when a dataset is shared. Saves most of 100 MB each: nfs-utils would
      # bring all of Python.
      samba = pkgs.coreutils;
      nfs-utils = pkgs.coreutils;
      python3 = pkgs.python3Minimal;
    }
  );
}
