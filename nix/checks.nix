# `nix flake check`: every image's NixOS tests, where Nix can build them. Without KVM they take hours.
{
  system,
  channels,
  mkImage,
  statusScreen,
}:
let
  testsOf =
    channel: nixpkgs:
    let
      inherit (nixpkgs) lib;
      pkgs = nixpkgs.legacyPackages.${system};
      imageOf =
        kind: variant: modules:
        mkImage {
          inherit
            system
            kind
            variant
            channel
            nixpkgs
            modules
            ;
        };
    in
    lib.mapAttrsToList (name: test: lib.nameValuePair "${name}-${channel}" test) (
      import ./tests { inherit imageOf lib pkgs; }
    );
in
builtins.listToAttrs (
  builtins.concatLists (builtins.attrValues (builtins.mapAttrs testsOf channels))
)
// {
  status-screen = statusScreen;
}
