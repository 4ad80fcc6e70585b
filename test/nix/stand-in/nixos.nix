# Evaluates modules the way nixpkgs' nixosSystem does, with the options of options.nix.
{ lib, modules }:
let
  evaluated = lib.evalModules {
    modulesPath = ./modules;
    specialArgs = {
      inherit lib;
      pkgs = import ./pkgs.nix {
        inherit lib;
        system = evaluated.config.nixpkgs.hostPlatform;
      };
    };
    modules = [
      ./options.nix
      ./defaults.nix
    ]
    ++ modules;
  };
  failed = lib.filter (assertion: !assertion.assertion) evaluated.config.assertions;
in
evaluated
// {
  config =
    if failed == [ ] then
      evaluated.config
    else
      throw "Failed assertions: ${lib.concatMapStringsSep "; " (assertion: assertion.message) failed}";
}
