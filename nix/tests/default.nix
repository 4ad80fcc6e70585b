# The NixOS tests of one channel: `imageOf kind variant modules` is an image with more NixOS modules in it.
{
  imageOf,
  lib,
  pkgs,
}:
let
  inherit (pkgs.stdenv.hostPlatform) isx86;
  # A key pair for these tests alone: id and id.pub.
  keys = pkgs.runCommand "ssh-keys" { nativeBuildInputs = [ pkgs.openssh ]; } ''
    mkdir "$out"
    ssh-keygen -q -t ed25519 -N "" -C nixos-tests -f "$out/id"
  '';
  # The test driver reaches a machine that it did not make by a shell on a console of its own; but for this the image is
  # the one that is released.
  withShell =
    kind: variant:
    imageOf kind variant [
      (
        { lib, modulesPath, ... }:
        {
          imports = [ "${modulesPath}/testing/test-instrumentation.nix" ];
          # It gives root a password by another way, and nixpkgs warns of two.
          users.users.root.initialHashedPassword = lib.mkForce null;
        }
      )
    ];
  kexec =
    name: network:
    import ./kexec.nix {
      inherit
        keys
        name
        network
        pkgs
        ;
      image = imageOf "kexec" "noninteractive" [ ];
    };
  boot =
    name: arguments:
    import ./boot.nix (
      {
        inherit keys name pkgs;
      }
      // arguments
    );
  iso = withShell "iso" "interactive";
in
{
  kexec-dynamic = kexec "kexec-dynamic" {
    networkConfig.DHCP = "yes";
  };
  kexec-static = kexec "kexec-static" {
    networkConfig.DHCP = "no";
    address = [
      "10.0.2.15/24"
      "fec0::15/64"
    ];
    gateway = [ "10.0.2.2" ];
    dns = [ "10.0.2.3" ];
    linkConfig.MTUBytes = "1400";
  };

  iso-uefi-cd = boot "iso-uefi-cd" {
    uefi = true;
    disk = "-drive if=none,id=cd,media=cdrom,readonly=on,file=${iso}/installer.iso -device virtio-scsi-pci -device scsi-cd,drive=cd";
  };
  iso-uefi-usb = boot "iso-uefi-usb" {
    uefi = true;
    disk = "-drive if=none,id=usb,format=raw,snapshot=on,file=${iso}/installer.iso -device qemu-xhci -device usb-storage,drive=usb";
  };

  # The initrd lies in memory twice while it is unpacked.
  netboot = boot "netboot" {
    direct = withShell "netboot" "interactive";
    memory = 4096;
  };
  # As documented: what does not boot with this much is too large.
  netboot-low-memory = boot "netboot-low-memory" {
    direct = withShell "netboot" "low-memory";
    memory = 1024;
  };
  netboot-lean = boot "netboot-lean" {
    direct = withShell "netboot" "lean";
    lean = true;
    memory = 1024;
  };
}
// lib.optionalAttrs isx86 {
  iso-bios-cd = boot "iso-bios-cd" {
    disk = "-cdrom ${iso}/installer.iso";
  };
  iso-bios-usb = boot "iso-bios-usb" {
    disk = "-drive if=none,id=usb,format=raw,snapshot=on,file=${iso}/installer.iso -device qemu-xhci -device usb-storage,drive=usb";
  };
}
