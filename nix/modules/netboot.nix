# Kernel and initrd for iPXE and its kin, and systemd's stub, by which they are served as one EFI file as well.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (config.system) build;
  inherit (config.system.boot.loader) kernelFile;
  inherit (pkgs.stdenv.hostPlatform) efiArch;
  inherit (config.nixosImage) lean;
  imageFolder = import ../image-folder.nix { inherit config pkgs; };
in
{
  imports = [ ./in-memory.nix ];

  nixosImage.kind = "netboot";

  system.build.nixosImage = imageFolder {
    files = {
      kernel = kernelFile;
      initrd = "initrd";
    }
    # The command line of an EFI file is written when the image is built, when nobody knows where a lean image's store will be.
    // (if lean then { store = "store"; } else { stub = "stub.efi"; });
    facts = {
      init = "${build.toplevel}/init";
      inherit (config.boot) kernelParams;
    };
    nativeBuildInputs = [ pkgs.buildPackages.zstd ];
    jq = {
      filter = ". + {$unpacked}";
      arguments = ''--argjson unpacked "$unpacked"'';
    };
    commands = ''
      cp ${build.kernel}/${kernelFile} "$out/${kernelFile}"
      cp ${if lean then build.leanInitrd else build.netbootRamdisk}/initrd "$out/initrd"
      chmod u+w "$out/initrd"
      # UEFI builds of iPXE older than 2023 join initrds as they are, and a cpio must start at a multiple of 4.
      truncate -s %512 "$out/initrd"
      # Bytes in memory once the kernel has unpacked stage 1, and the store beside it.
      stage1=$(zstd -dc ${build.initialRamdisk}/initrd | wc -c)
      store=$(stat -L -c %s ${build.squashfsStore})
      unpacked=$((stage1${lib.optionalString (!lean) " + store"}))
      ${
        if lean then
          ''cp -L ${build.leanStore} "$out/store"''
        else
          ''cp --no-preserve=mode ${config.systemd.package}/lib/systemd/boot/efi/linux${efiArch}.efi.stub "$out/stub.efi"''
      }
    '';
  };
}
