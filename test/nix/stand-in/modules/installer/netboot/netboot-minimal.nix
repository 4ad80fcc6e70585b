{
  config,
  lib,
  pkgs,
  ...
}:
{
  imports = [
    ../../profiles/base.nix
    ../../profiles/installation-device.nix
    ../../profiles/minimal.nix
  ];

  options = {
    inherit (import ../../../declarations.nix { inherit lib; }) netboot;
  };

  config.documentation.man.enable = lib.mkOverride 500 true;
  config.hardware.enableRedistributableFirmware = lib.mkOverride 70 false;
  config.networking.networkmanager.enable = lib.mkOverride 500 false;
  config.system.extraDependencies = lib.mkOverride 70 [ ];
  config.system.build = {
    squashfsStore = pkgs.runCommand "nix-store.squashfs" { } ''
      # Compressed, so that Nix finds no path in it.
      echo ${config.system.build.toplevel} | gzip -n >"$out"
    '';
    netbootRamdisk = pkgs.runCommand "netboot-initrd" { } ''
      mkdir "$out"
      cat ${config.system.build.initialRamdisk}/initrd ${config.system.build.squashfsStore} >"$out/initrd"
    '';
  };
}
