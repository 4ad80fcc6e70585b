# Systems of every kind and variant, of the modules under their old names, and of both architectures.
outputs:
let
  inherit (outputs) nixosModules;
  inherit (outputs.inputs.nixos-unstable) lib;
  system =
    hostPlatform: modules:
    lib.nixosSystem {
      modules = modules ++ [ { nixpkgs = { inherit hostPlatform; }; } ];
    };
  ofKind =
    kind:
    lib.concatMap (
      variant:
      map
        (
          hostPlatform:
          system hostPlatform [
            nixosModules.${kind}
            nixosModules.${variant}
            {
              nixosImage = {
                inherit variant;
                channel = "nixos-unstable";
              };
            }
          ]
        )
        [
          "x86_64-linux"
          "aarch64-linux"
        ]
    );
  aliases = map (name: system "x86_64-linux" [ nixosModules.${name} ]) [
    "image-installer"
    "kexec-installer"
    "netboot-installer"
  ];
in
lib.concatLists (lib.mapAttrsToList ofKind (import ../../../nix/images.nix)) ++ aliases
