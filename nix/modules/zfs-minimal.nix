# ZFS without what only a file server needs: sharing over SMB, and the Python that `arcstat` and friends want.
{ lib, pkgs, ... }:
{
  boot.zfs.package = lib.mkDefault (
    pkgs.zfs.override {
      # Only its `net` program is called, when a dataset is shared. Saves most of 100 MB.
      samba = pkgs.coreutils;
      python3 = pkgs.python3Minimal;
    }
  );
}
