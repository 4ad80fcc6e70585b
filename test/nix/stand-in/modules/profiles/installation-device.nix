{ lib, pkgs, ... }:
{
  system.nixos.variant_id = lib.mkDefault "installer";
  services.openssh.enable = true;
  services.getty.autologinUser = "nixos";
  services.getty.helpLine = "Text about passwords and network tools that our images have not.";
  users.users.nixos = {
    isNormalUser = true;
    initialHashedPassword = "";
  };
  users.users.root.initialHashedPassword = "";
  system.extraDependencies = [ pkgs.stdenv ];
  boot.swraid.enable = true;
  boot.swraid.mdadmConf = "PROGRAM true";
  hardware.enableRedistributableFirmware = true;
  networking.wireless.enable = lib.mkDefault true;
}
