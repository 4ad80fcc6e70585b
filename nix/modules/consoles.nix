# Screen and serial line both show the boot and give a root shell.
{ lib, pkgs, ... }:
let
  serial = if pkgs.stdenv.hostPlatform.isAarch64 then "ttyAMA0" else "ttyS0";
in
{
  boot.kernelParams = [
    # The last one is /dev/console. kexec/run adds those of the old system behind it.
    "console=tty0"
    "console=${serial},115200"
  ];
  services.getty.autologinUser = lib.mkForce "root";
}
