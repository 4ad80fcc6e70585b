# The kexec tarball: starts from a running Linux, and takes its keys, names and network along (docs/kexec.md).
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (config.system) build;
  inherit (config.system.boot.loader) kernelFile;
  inherit (config.nixosImage) lean;
  inherit (import ../static-programs.nix { inherit lib pkgs; })
    busybox
    iproute2
    jq
    kexec-tools
    ;
  imageFolder = import ../image-folder.nix { inherit config pkgs; };
  # Without context: the tarball names the system, but needs nothing of it outside of its initrd.
  params = builtins.unsafeDiscardStringContext (
    toString ([ "init=${build.toplevel}/init" ] ++ config.boot.kernelParams)
  );
in
{
  imports = [ ./in-memory.nix ];

  nixosImage.kind = "kexec";

  system.build.nixosImage = imageFolder {
    files = {
      tarball = "kexec.tar.gz";
    }
    // lib.optionalAttrs lean { store = "store"; };
    nativeBuildInputs = [ pkgs.buildPackages.zstd ];
    jq = {
      filter = ". + {$customisation, $unpacked}";
      arguments = ''--argjson customisation "$customisation" --argjson unpacked "$unpacked"'';
    };
    commands = ''
      mkdir kexec
      cp ${../kexec}/run ${../kexec}/*.sh ${../kexec}/*.awk ${../kexec}/*.jq kexec/
      cp ${build.kernel}/${kernelFile} kexec/bzImage
      cp ${if lean then build.leanInitrd else build.netbootRamdisk}/initrd kexec/initrd
      cp ${kexec-tools}/bin/kexec ${iproute2}/bin/ip ${jq}/bin/jq ${busybox}/bin/busybox kexec/

      # Each must start without the store's libraries.
      for program in 'kexec --version' 'ip -V' 'jq --version' 'busybox true'; do
        env --ignore-environment ./kexec/$program
      done

      # Bytes in memory once the kernel has unpacked stage 1, and the store beside it.
      stage1=$(zstd -dc ${build.initialRamdisk}/initrd | wc -c)
      store=$(stat -L -c %s ${build.squashfsStore})
      unpacked=$((stage1${lib.optionalString (!lean) " + store"}))
      {
        echo arch=${pkgs.stdenv.hostPlatform.uname.processor}
        echo ${lib.escapeShellArg "cmdline=${params}"}
        echo unpacked=$unpacked
        ${lib.optionalString lean ''
          echo store=$store
          sed -n '/^address=/p' ${build.leanInitrd}/facts
        ''}
        ${lib.optionalString (config.nixosImage.variant == "noninteractive") ''
          # What the lean image needs, whose system is this one: its stage 1 has network drivers on top.
          echo lean=$(($(stat -c %s kexec/bzImage) + stage1 + store + (64 + 32) * 1048576))
        ''}
      } >kexec/image.conf
      ${lib.optionalString lean ''cp -L ${build.leanStore} "$out/store"''}

      chmod 644 kexec/*
      chmod 755 kexec kexec/run kexec/kexec kexec/ip kexec/jq kexec/busybox
      # Kernel and initrd are compressed already, so gzip need not try hard.
      customisation=$(sh ${../kexec}/pack "$PWD" "$out/kexec.tar.gz" 1)
    '';
  };
}
