# Screen and serial line both show the boot and give a root shell.
{ lib, pkgs, ... }:
let
  inherit (pkgs.stdenv.hostPlatform) isAarch64;
  # Each 16550 is ttyS0 on every architecture, and so it is on some aarch64 machines (AWS Graviton); most of those have a
  # PL011.
  serials = [ "ttyS0" ] ++ lib.optional isAarch64 "ttyAMA0";
in
{
  # Kernel messages go to all of them, and each that there is gets a login. The last one is /dev/console, where units
  # write: the serial line that most machines of the architecture have. kexec/run adds those of the old system behind it.
  boot.kernelParams = [ "console=tty0" ] ++ map (serial: "console=${serial},115200") serials;
  services.getty.autologinUser = lib.mkForce "root";
}
