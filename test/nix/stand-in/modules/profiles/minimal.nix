{ lib, ... }:
{
  documentation = {
    enable = lib.mkDefault false;
    info.enable = lib.mkDefault false;
    man.enable = lib.mkDefault false;
    nixos.enable = lib.mkDefault false;
  };
  environment.defaultPackages = lib.mkDefault [ ];
  environment.stub-ld.enable = lib.mkDefault false;
  programs.command-not-found.enable = lib.mkDefault false;
  services.logrotate.enable = lib.mkDefault false;
  services.udisks2.enable = lib.mkDefault false;
  xdg.icons.enable = lib.mkDefault false;
  xdg.sounds.enable = lib.mkDefault false;
}
