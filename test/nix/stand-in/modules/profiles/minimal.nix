{ lib, ... }:
{
  documentation.enable = lib.mkDefault false;
  environment.defaultPackages = lib.mkDefault [ ];
}
