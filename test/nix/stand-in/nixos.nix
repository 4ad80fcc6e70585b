# Evaluates modules the way nixpkgs' nixosSystem does, with the options of options.nix.
{ lib, modules }:
let
  evaluated = lib.evalModules {
    modulesPath = toString ./modules;
    specialArgs = {
      inherit lib;
      pkgs = import ./pkgs.nix {
        inherit lib;
        inherit (evaluated.config.nixpkgs) overlays;
        system = evaluated.config.nixpkgs.hostPlatform;
      };
    };
    modules = [
      ./options.nix
      ./defaults.nix
    ]
    ++ modules;
  };
  failed = lib.filter (assertion: !assertion.assertion) evaluated.checked.assertions;
in
evaluated
// {
  config =
    if failed == [ ] then
      evaluated.checked
    else
      throw "Failed assertions: ${lib.concatMapStringsSep "; " (assertion: assertion.message) failed}";
}
