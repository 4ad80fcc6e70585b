# What NixOS itself gives the options that images are made of.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (config.system.boot.loader) kernelFile;
  # What the system has in its closure, as far as that depends on options.
  contents =
    config.environment.systemPackages
    ++ config.environment.defaultPackages
    ++ config.hardware.firmware
    ++ config.system.extraDependencies
    ++ lib.optional (config.nixpkgs.flake.source != null) {
      pname = "nixpkgs";
      needs = [ ];
    }
    ++ [ config.services.dbus.dbusPackage ]
    ++ lib.optional config.system.tools.nixos-rebuild.enable pkgs.nixos-rebuild-ng
    ++ lib.optional config.security.pam.services.su.forwardXAuth pkgs.xauth
    ++ lib.optional config.hardware.enableRedistributableFirmware pkgs.linux-firmware
    ++ lib.optional config.boot.supportedFilesystems.zfs config.boot.zfs.package
    ++ lib.optional config.boot.supportedFilesystems.xfs pkgs.xfsprogs;
  closureOf =
    package: [ (package.pname or package.name) ] ++ lib.concatMap closureOf (package.needs or [ ]);
in
{
  boot.kernelPackages = lib.mkOptionDefault pkgs.linuxPackages;
  boot.zfs.package = lib.mkOptionDefault pkgs.zfs;
  boot.initrd.compressor = lib.mkOptionDefault "zstd";
  services.dbus.dbusPackage = lib.mkOptionDefault pkgs.dbus;
  systemd.package = lib.mkOptionDefault pkgs.systemd;
  environment.defaultPackages = lib.mkOptionDefault [ pkgs.perl ];
  environment.systemPackages = [ pkgs.nix ];
  security.pam.services.su.forwardXAuth = lib.mkDefault true;
  system.tools.nixos-rebuild.enable = lib.mkOptionDefault true;
  system.boot.loader.kernelFile = if pkgs.stdenv.hostPlatform.isx86 then "bzImage" else "Image";
  system.build = {
    kernel = config.boot.kernelPackages.kernel;
    toplevel =
      pkgs.runCommand "nixos-system" { } ''
        mkdir "$out"
        touch "$out/init"
        echo ${lib.escapeShellArg (toString config.boot.kernelParams)} >"$out/kernel-params"
      ''
      // {
        closure = lib.unique (lib.concatMap closureOf contents);
      };
    inherit (pkgs) nixos-install;
    # The module makes it; it is no package.
    nixos-generate-config = import ./with-manual.nix { inherit (pkgs) runCommand; } "nixos-generate-config";
    initialRamdisk = pkgs.runCommand "initrd" { } ''
      mkdir "$out"
      echo "stage 1" | zstd -q >"$out/initrd"
    '';
  };
}
