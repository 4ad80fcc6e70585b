# ZFS without Python, which only `zarcsummary` and its like are written in.
{ lib, pkgs, ... }:
{
  boot.zfs.package = lib.mkDefault (pkgs.zfs.override { enablePython = false; });
}
