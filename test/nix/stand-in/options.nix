# The options that every system has. Those of one kind of image are declared by its module, as in nixpkgs.
{ lib, ... }:
{
  options = removeAttrs (import ./declarations.nix { inherit lib; }) [
    "image"
    "isoImage"
    "netboot"
  ];
}
