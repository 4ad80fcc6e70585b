{ lib, pkgs, ... }:
{
  system.nixos.variant_id = lib.mkDefault "installer";
  documentation.enable = lib.mkOverride 60 true;
  documentation.nixos.enable = lib.mkOverride 60 true;
  services.openssh.enable = lib.mkDefault true;
  services.openssh.settings.PermitRootLogin = lib.mkDefault "yes";
  services.getty.autologinUser = "nixos";
  services.getty.helpLine = "Text about passwords and network tools that our images have not.";
  users.users.nixos = {
    isNormalUser = true;
    initialHashedPassword = "";
  };
  users.users.root.initialHashedPassword = "";
  security.polkit.enable = true;
  security.sudo.enable = lib.mkDefault true;
  networking.networkmanager.enable = true;
  system.extraDependencies = [ pkgs.stdenv ];
  boot.swraid.enable = true;
  boot.swraid.mdadmConf = "PROGRAM ${pkgs.coreutils}/bin/true";
  boot.kernel.sysctl."vm.overcommit_memory" = "1";
  nix.settings.trusted-users = [ "nixos" ];
}
