# The outputs of the flake. Everything that is made per channel comes from the inputs alone.
{ inputs }:
let
  inherit (inputs) self;
  # What has no channel of its own (development shell, formatter, status screen) comes from unstable.
  inherit (inputs.nixos-unstable) lib;

  systems = [
    "x86_64-linux"
    "aarch64-linux"
  ];
  forAllSystems = lib.genAttrs systems;

  # `nixos-stable` is no channel of its own but the newest stable one (aliases.nix).
  channels = lib.mapAttrs' (
    name: nixpkgs: lib.nameValuePair (lib.replaceStrings [ "_" ] [ "." ] name) nixpkgs
  ) (lib.filterAttrs (name: _: lib.hasPrefix "nixos-" name && name != "nixos-stable") inputs);

  images = import ./images.nix;
  nixosModules = import ./modules;
  mkImage = import ./mk-image.nix {
    inherit nixosModules systems;
    source = self.rev or self.dirtyRev or null;
  };

  aliasesFor = import ./aliases.nix { inherit inputs mkImage; };

  imagesFor =
    system:
    lib.listToAttrs (
      lib.concatLists (
        lib.mapAttrsToList (
          channel: nixpkgs:
          lib.concatLists (
            lib.mapAttrsToList (
              kind: variants:
              map (variant: {
                name = "${kind}-${variant}-${channel}";
                value = mkImage {
                  inherit
                    system
                    kind
                    variant
                    channel
                    nixpkgs
                    ;
                };
              }) variants
            ) images
          )
        ) channels
      )
    );

  # iPXE is no NixOS, and has no variants.
  ipxeFor =
    system:
    lib.mapAttrs' (
      channel: nixpkgs:
      lib.nameValuePair "ipxe-menu-${channel}" (
        import ./ipxe {
          inherit nixpkgs system;
          like = (imagesFor system)."netboot-interactive-${channel}".image;
        }
      )
    ) channels;
in
{
  nixosModules = nixosModules // import ./modules/aliases.nix;

  lib = { inherit mkImage; };

  packages = forAllSystems (
    system:
    imagesFor system
    // ipxeFor system
    // aliasesFor system
    // {
      status-screen =
        inputs.nixos-unstable.legacyPackages.${system}.callPackage ./status-screen/package.nix
          { };
    }
  );

  checks = forAllSystems (
    system:
    import ./checks.nix {
      inherit system channels mkImage;
      statusScreen = self.packages.${system}.status-screen;
    }
  );

  formatter = forAllSystems (system: inputs.nixos-unstable.legacyPackages.${system}.nixfmt-tree);

  devShells = forAllSystems (system: {
    default = inputs.nixos-unstable.legacyPackages.${system}.callPackage ./dev-shell.nix { };
  });
}
