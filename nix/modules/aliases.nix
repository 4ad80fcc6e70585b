# Modules under the names that nix-community/nixos-images had before. They want nothing set: a configuration that took one
# of them in, with or without `noninteractive`, evaluates as it did, and finds what it built under the same names.
let
  common =
    { config, lib, ... }:
    let
      inherit (config.system.nixos) release revision;
    in
    {
      nixosImage = {
        variant = lib.mkDefault "custom";
        channel = lib.mkDefault "nixos-${release}";
        # `pkgs.nixos`, by which these modules were used, does not know the revision, even of a flake's nixpkgs.
        nixpkgs = lib.mkIf (revision == null) {
          version = lib.mkDefault "${release}.19700101.0000000";
          revision = lib.mkDefault "0000000000000000000000000000000000000000";
        };
      };
      # As in the flake registry of everybody: there is no revision that could be fetched.
      nix.registry = lib.mkIf (revision == null) (lib.mkForce { });
    };
in
{
  kexec-installer =
    {
      config,
      lib,
      pkgs,
      ...
    }:
    let
      inherit (pkgs.stdenv.hostPlatform) system;
    in
    {
      imports = [
        ./kexec.nix
        common
      ];
      options.system.kexec-installer.name = lib.mkOption {
        type = lib.types.str;
        default = "nixos-kexec-installer";
        description = "Name of the tarball in `system.build.kexecInstallerTarball`, before its system.";
      };
      config.system.build.kexecInstallerTarball = pkgs.linkFarm "kexec-tarball" {
        "${config.system.kexec-installer.name}-${system}.tar.gz" =
          "${config.system.build.nixosImage}/kexec.tar.gz";
      };
    };

  netboot-installer =
    { config, pkgs, ... }:
    let
      inherit (config.system) build;
    in
    {
      imports = [
        ./netboot.nix
        common
      ];
      system.build.netboot = pkgs.symlinkJoin {
        name = "netboot";
        paths = [
          build.netbootRamdisk
          build.kernel
          (pkgs.linkFarm "kernel-params" {
            kernel-params = "${build.toplevel}/kernel-params";
            init = "${build.toplevel}/init";
          })
        ];
      };
    };

  image-installer =
    { lib, pkgs, ... }:
    {
      imports = [
        ./iso.nix
        ./interactive.nix
        common
      ];
      image.baseName = lib.mkForce "nixos-installer-${pkgs.stdenv.hostPlatform.system}";
    };
}
