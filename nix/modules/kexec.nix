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
  inherit (pkgs.pkgsStatic) busybox;

  # No cache has static programs, so they are built without libraries that are of no use here (../built-here.json). Which
  # of them there are differs between channels.
  without =
    package: libraries:
    package.override (
      lib.intersectAttrs (lib.functionArgs package.override) (lib.genAttrs libraries (_: null))
    );
  # db and python3 are for arpd and routel; iptables cannot be linked statically.
  iproute2 = without pkgs.pkgsStatic.iproute2 [
    "db"
    "iptables"
    "python3"
  ];
  # For kernels that are compressed with it, which ours is not where kexec would have to unpack it.
  kexec-tools = without pkgs.pkgsStatic.kexec-tools [ "zstd" ];
  # Without regular expressions, which network.jq does not use.
  jq = lib.getBin (pkgs.pkgsStatic.jq.override { onigurumaSupport = false; });
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
    files.tarball = "kexec.tar.gz";
    nativeBuildInputs = [ pkgs.buildPackages.zstd ];
    jq = {
      filter = ". + {$customisation, $unpacked}";
      arguments = ''--argjson customisation "$customisation" --argjson unpacked "$unpacked"'';
    };
    commands = ''
      mkdir kexec
      cp ${../kexec}/run ${../kexec}/*.sh ${../kexec}/*.awk ${../kexec}/*.jq kexec/
      cp ${build.kernel}/${kernelFile} kexec/bzImage
      cp ${build.netbootRamdisk}/initrd kexec/initrd
      cp ${kexec-tools}/bin/kexec ${iproute2}/bin/ip ${jq}/bin/jq ${busybox}/bin/busybox kexec/

      # Each must start without the store's libraries.
      for program in 'kexec --version' 'ip -V' 'jq --version' 'busybox true'; do
        env --ignore-environment ./kexec/$program
      done

      # Bytes in memory once the kernel has unpacked stage 1 and the store beside it.
      stage1=$(zstd -dc ${build.initialRamdisk}/initrd | wc -c)
      store=$(stat -L -c %s ${build.squashfsStore})
      unpacked=$((stage1 + store))
      cat >kexec/image.conf <<EOF
      arch=${pkgs.stdenv.hostPlatform.uname.processor}
      cmdline=${params}
      unpacked=$unpacked
      EOF

      chmod 644 kexec/*
      chmod 755 kexec kexec/run kexec/kexec kexec/ip kexec/jq kexec/busybox
      # Kernel and initrd are compressed already, so gzip need not try hard.
      customisation=$(sh ${../kexec}/pack "$PWD" "$out/kexec.tar.gz" 1)
    '';
  };
}
