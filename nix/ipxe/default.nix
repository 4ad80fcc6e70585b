# The package of iPXE for machines that have none: a folder with its files and image.json, as every image is (image-folder.nix).
{
  # The nixpkgs flake that it comes from.
  nixpkgs,
  # `x86_64-linux` or `aarch64-linux`.
  system,
  # What is known of a NixOS image of the same channel and system: they are one release.
  like,
}:
let
  inherit (nixpkgs) lib;
  pkgs = nixpkgs.legacyPackages.${system};
  inherit (pkgs.stdenv.hostPlatform) isx86;
  # Compiled by whoever compiles for that system: a cache has it.
  ipxeFor = architecture: nixpkgs.legacyPackages."${architecture}-linux".ipxe;

  script = pkgs.runCommand "autoexec.ipxe" { } ''
    ${pkgs.runtimeShell} ${./.}/script >"$out"
  '';
  # These are started by themselves, so the script is in them; the CD and the stick have it beside iPXE as every cache has it.
  withScript = pkgs.ipxe.override { embedScript = script; };

  image = {
    inherit (like) arch channel nixpkgs;
    kind = "ipxe";
    variant = "menu";
    smoke = false;
  };
  files = {
    efi = "ipxe.efi";
    iso = "ipxe.iso";
    # A disk, to whom that name says so.
    img = "ipxe.iso";
  }
  // lib.optionalAttrs isx86 {
    kpxe = "ipxe.kpxe";
    lkrn = "ipxe.lkrn";
  };
in
pkgs.runCommand "nixos-ipxe-menu-${image.nixpkgs.version}"
  {
    nativeBuildInputs = [
      pkgs.buildPackages.jq
      pkgs.buildPackages.mtools
      pkgs.buildPackages.xorriso
    ];
    json = builtins.toJSON (
      image
      // {
        inherit files;
        schema = 1;
        kernelVersion = pkgs.ipxe.version;
      }
    );
    passAsFile = [ "json" ];
    passthru = { inherit image; };
    meta = {
      description = "iPXE that goes on at a server of NixOS installers: ipxe, menu, made of ${image.channel}";
      homepage = "https://github.com/nix-community/nixos-images";
      platforms = lib.platforms.linux;
    };
  }
  ''
    export SOURCE_DATE_EPOCH=315619200
    mkdir -p "$out" parts
    cp ${script} parts/autoexec.ipxe
    cp ${ipxeFor "aarch64"}/ipxe.efi parts/BOOTAA64.EFI
    cp ${withScript}/ipxe.efi "$out/ipxe.efi"
    ${lib.optionalString isx86 ''
      cp ${ipxeFor "x86_64"}/ipxe.efi parts/BOOTX64.EFI
      cp ${ipxeFor "x86_64"}/ipxe.lkrn parts/
      cp ${pkgs.syslinux}/share/syslinux/isolinux.bin ${pkgs.syslinux}/share/syslinux/ldlinux.c32 \
        ${pkgs.syslinux}/share/syslinux/isohdpfx.bin parts/
      cp ${withScript}/ipxe.lkrn "$out/ipxe.lkrn"
      cp ${withScript}/undionly.kpxe "$out/ipxe.kpxe"
    ''}
    chmod -R u+w parts "$out"
    address=$(${pkgs.runtimeShell} ${./.}/pack "$PWD/parts" "$out")
    jq --sort-keys --argjson address "$address" '.address = $address' "$jsonPath" >"$out/image.json"
  ''
