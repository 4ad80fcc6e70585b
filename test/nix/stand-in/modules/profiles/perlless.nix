{ lib, ... }:
{
  boot.initrd.systemd.enable = lib.mkDefault true;
  system.forbiddenDependenciesRegexes = [ "perl" ];
}
