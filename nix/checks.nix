# `nix flake check`: every image's NixOS tests, where Nix can build them. Without KVM they take hours.
{
  system,
  channels,
  packages,
}:
let
  testsOf =
    channel: nixpkgs:
    let
      inherit (nixpkgs) lib;
      pkgs = nixpkgs.legacyPackages.${system};
      tests = import ./tests { inherit lib pkgs; } (name: packages."${name}-${channel}");
    in
    lib.mapAttrsToList (name: test: lib.nameValuePair "${name}-${channel}" test) tests;
in
builtins.listToAttrs (
  builtins.concatLists (builtins.attrValues (builtins.mapAttrs testsOf channels))
)
// {
  inherit (packages) status-screen;
}
