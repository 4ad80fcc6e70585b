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
  ];

  options.netboot.squashfsCompression = lib.mkOption {
    type = lib.types.str;
    default = "zstd -Xcompression-level 19";
  };

  config.hardware.enableRedistributableFirmware = lib.mkOverride 70 false;
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
