# For a person with a screen: says how to reach the machine, and has ways to be reached where there is no cable, no
# known address and no key.
{ lib, pkgs, ... }:
{
  imports = [
    ./root-password.nix
    ./status-screen.nix
    ./tor-ssh.nix
    ./wifi.nix
  ];

  # Screens and Wi-Fi want it. netboot-minimal.nix of nixpkgs leaves it out, by mkOverride 70.
  hardware.enableRedistributableFirmware = lib.mkOverride 60 true;

  environment.systemPackages = [
    pkgs.curl
    pkgs.ethtool
    pkgs.git
    pkgs.htop
    pkgs.pciutils
    pkgs.rsync
    pkgs.tmux
    pkgs.usbutils
    pkgs.vim
  ];
}
