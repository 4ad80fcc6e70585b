{ lib, ... }:
{
  boot.supportedFilesystems = lib.genAttrs [ "btrfs" "cifs" "f2fs" "ntfs" "vfat" "xfs" ] (
    _: lib.mkDefault true
  );
}
