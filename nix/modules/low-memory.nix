# For machines with 1 GB of memory. The initrd is unpacked into memory and stays there, so everything that can be
# missing is missing; what remains is compressed as well as can be, and swaps into compressed memory.
{ lib, pkgs, ... }:
{
  imports = [
    ./noninteractive.nix
    ./compressed-swap.nix
  ];

  # No firmware at all: virtual machines need none, and they are what has 1 GB.
  hardware.firmware = lib.mkForce [ ];

  # Kernel modules and userland of ZFS and bcachefs are a fifth of the image.
  boot.supportedFilesystems = {
    bcachefs = lib.mkForce false;
    btrfs = lib.mkForce true;
    zfs = lib.mkForce false;
  };
  # Without ZFS any kernel will do: the long-term one is smaller than the newest.
  boot.kernelPackages = lib.mkForce pkgs.linuxPackages;

  # One build, one download at a time.
  nix.settings = {
    max-jobs = 1;
    http-connections = 4;
    download-buffer-size = 8388608;
  };
  # As a file: NixOS 26.11 knows `services.journald.settings` alone, and 26.05 `extraConfig` alone.
  environment.etc."systemd/journald.conf.d/low-memory.conf".text = ''
    [Journal]
    RuntimeMaxUse=8M
  '';
  netboot.squashfsCompression = lib.mkForce "zstd -Xcompression-level 22";
}
