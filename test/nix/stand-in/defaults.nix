# What NixOS itself gives the options that images are made of.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (config.system.boot.loader) kernelFile;
in
{
  boot.kernelPackages = lib.mkOptionDefault pkgs.linuxPackages;
  boot.zfs.package = lib.mkOptionDefault pkgs.zfs;
  boot.initrd.compressor = lib.mkOptionDefault "zstd";
  services.dbus.dbusPackage = lib.mkOptionDefault pkgs.dbus;
  systemd.package = lib.mkOptionDefault pkgs.systemd;
  console.font = lib.mkOptionDefault "";
  system.boot.loader.kernelFile = if pkgs.stdenv.hostPlatform.isx86 then "bzImage" else "Image";
  system.build = {
    kernel = config.boot.kernelPackages.kernel;
    toplevel = pkgs.runCommand "nixos-system" { } ''
      mkdir "$out"
      touch "$out/init"
      echo ${lib.escapeShellArg (toString config.boot.kernelParams)} >"$out/kernel-params"
    '';
    initialRamdisk = pkgs.runCommand "initrd" { } ''
      mkdir "$out"
      echo "stage 1" | zstd -q >"$out/initrd"
    '';
  };
}
