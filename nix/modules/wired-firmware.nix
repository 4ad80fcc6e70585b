# Firmware of network cards with a cable, and no other: without it, servers are out of reach. It is a fiftieth of all that
# there is, most of which is for graphics and Wi-Fi. Which files these are, the kernel's own drivers say.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  modules = lib.getOutput "modules" config.boot.kernelPackages.kernel;
in
{
  hardware.enableRedistributableFirmware = lib.mkForce false;
  hardware.firmware = [ config.system.build.wiredFirmware ];

  system.build.wiredFirmware =
    pkgs.runCommand "wired-firmware"
      {
        nativeBuildInputs = [ pkgs.buildPackages.kmod ];
      }
      ''
        ${pkgs.runtimeShell} ${../wired-firmware/select} ${modules}/lib/modules ${pkgs.linux-firmware}/lib/firmware "$out/lib/firmware"
      '';
}
