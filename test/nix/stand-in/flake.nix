{
  description = "A stand-in for nixpkgs that is just enough to evaluate this project's modules (no NixOS comes out of it)";

  outputs =
    { self }:
    let
      lib = import ./lib.nix // {
        # As nixpkgs' own flake does.
        nixosSystem =
          { modules }:
          import ./nixos.nix {
            inherit lib;
            modules = modules ++ [
              {
                system.nixos.release = lib.trivial.release;
                system.nixos.version = "${lib.trivial.release}.${
                  lib.substring 0 8 self.lastModifiedDate
                }.${self.shortRev or "dirty"}";
                system.nixos.revision = self.rev or null;
                nixpkgs.flake.source = "${self}";
              }
            ];
          };
      };
    in
    {
      inherit lib;
      legacyPackages = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (
        system: import ./pkgs.nix { inherit lib system; }
      );
    };
}
