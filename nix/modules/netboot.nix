# Kernel and initrd for iPXE and its kin.
{ config, pkgs, ... }:
let
  inherit (config.system) build;
  inherit (config.system.boot.loader) kernelFile;
  imageFolder = import ../image-folder.nix { inherit config pkgs; };
in
{
  imports = [ ./in-memory.nix ];

  nixosImage.kind = "netboot";

  system.build.nixosImage = imageFolder {
    files = {
      kernel = kernelFile;
      initrd = "initrd";
    };
    facts = {
      init = "${build.toplevel}/init";
      inherit (config.boot) kernelParams;
    };
    commands = ''
      cp ${build.kernel}/${kernelFile} "$out/${kernelFile}"
      cp ${build.netbootRamdisk}/initrd "$out/initrd"
      chmod u+w "$out/initrd"
      # UEFI builds of iPXE older than 2023 join initrds as they are, and a cpio must start at a multiple of 4.
      truncate -s %512 "$out/initrd"
    '';
  };
}
