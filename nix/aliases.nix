# Packages under the names and with the files that nix-community/nixos-images had before, which others build on:
# nixos-anywhere's documentation and tests, and flakes that take this one as an input.
{ inputs, mkImage }:
system:
let
  inherit (inputs.nixos-unstable) lib;
  pkgs = inputs.nixos-unstable.legacyPackages.${system};
  streams = {
    unstable = {
      channel = "nixos-unstable";
      nixpkgs = inputs.nixos-unstable;
    };
    stable = {
      channel = "nixos-${inputs.nixos-stable.lib.trivial.release}";
      nixpkgs = inputs.nixos-stable;
    };
  };
  aliasesOf =
    stream: release:
    let
      image = kind: variant: mkImage ({ inherit system kind variant; } // release);
      tarball = name: package: linkTo { "${name}-${system}.tar.gz" = "${package}/kexec.tar.gz"; };
      linkTo = files: pkgs.linkFarm "nixos-images-${stream}" files;
      netboot = image "netboot" "interactive";
      inherit (netboot.config.system) build;
      inherit (netboot.config.system.boot.loader) kernelFile;
    in
    {
      "kexec-installer-nixos-${stream}" = tarball "nixos-kexec-installer" (image "kexec" "interactive");
      "kexec-installer-nixos-${stream}-noninteractive" = tarball "nixos-kexec-installer-noninteractive" (
        image "kexec" "noninteractive"
      );
      "image-installer-nixos-${stream}" = linkTo {
        "iso/nixos-installer-${system}.iso" = "${image "iso" "interactive"}/installer.iso";
      };
      "netboot-installer-nixos-${stream}" = linkTo {
        ${kernelFile} = "${netboot}/${kernelFile}";
        initrd = "${netboot}/initrd";
        kernel-params = "${build.toplevel}/kernel-params";
        init = "${build.toplevel}/init";
      };
    };
in
lib.concatMapAttrs aliasesOf streams
