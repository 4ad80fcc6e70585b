# Makes the package of one image: a folder of files with an image.json, and what is known of it before it is built
# in its attribute `image`.
{
  nixosModules,
  systems,
  source,
}:
{
  # `x86_64-linux` or `aarch64-linux`.
  system,
  # `kexec`, `netboot` or `iso`.
  kind,
  # One of the variants in nixosModules, such as `interactive`.
  variant,
  # The channel's name, such as `nixos-26.05`.
  channel,
  # The nixpkgs flake of that channel.
  nixpkgs,
  # More NixOS modules.
  modules ? [ ],
}:
let
  inherit (nixpkgs) lib;
  kinds = [
    "kexec"
    "netboot"
    "iso"
  ];
  variants = lib.attrNames (removeAttrs nixosModules (kinds ++ [ "installer" ]));
  oneOf =
    what: value: values:
    lib.assertMsg (lib.elem value values) "mkImage: ${what} must be one of ${lib.concatStringsSep ", " values}, not '${value}'";
in
assert oneOf "system" system systems;
assert oneOf "kind" kind kinds;
assert oneOf "variant" variant variants;
(nixpkgs.lib.nixosSystem {
  modules = [
    nixosModules.${kind}
    nixosModules.${variant}
    {
      _file = ./mk-image.nix;
      nixpkgs.hostPlatform = system;
      nixosImage = { inherit variant channel source; };
    }
  ]
  ++ modules;
}).config.system.build.nixosImage
