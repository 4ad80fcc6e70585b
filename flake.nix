{
  description = "NixOS installer images: kexec tarballs, ISOs and netboot images";

  # Every input named `nixos-…` is a channel: `nixos-26_05` is nixos-26.05 (flake input names have no dots).
  inputs = {
    nixos-unstable.url = "github:NixOS/nixpkgs/nixos-unstable";
    nixos-26_05.url = "github:NixOS/nixpkgs/nixos-26.05";
    # The newest stable one, under the name by which flakes that use this one give it their own nixpkgs.
    nixos-stable.follows = "nixos-26_05";
  };

  outputs = inputs: import ./nix { inherit inputs; };
}
