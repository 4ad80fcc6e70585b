# An ISO that boots from CD and USB stick, by BIOS and UEFI, with an area that a download can be customised in: a
# zero-filled file that both boot loaders load as a second initrd.
{
  config,
  lib,
  modulesPath,
  pkgs,
  ...
}:
let
  imageFolder = import ../image-folder.nix { inherit config pkgs; };
  inherit (pkgs.stdenv.hostPlatform) isx86;

  # Bytes; the edge writes a cpio archive of at most this length over it.
  areaLength = 65536;
  areaPath = "/boot/customisation.img";
  area = pkgs.runCommand "customisation-area" { } ''
    truncate -s ${toString areaLength} "$out"
  '';

  # nixpkgs writes the boot loaders' menus without a way to add an initrd, so that is done to what it wrote.
  addInitrd = "${pkgs.runtimeShell} ${../iso/add-initrd}";
  rewrite = {
    "/isolinux/isolinux.cfg" =
      source:
      pkgs.runCommand "isolinux.cfg" { } ''
        ${addInitrd} isolinux ${areaPath} <${source} >"$out"
      '';
    "/EFI" =
      source:
      pkgs.runCommand "efi-folder" { } ''
        cp -r --no-preserve=mode ${source} "$out"
        menu=$(find "$out" -iname grub.cfg)
        ${addInitrd} grub ${areaPath} <"$menu" >grub.cfg
        cp grub.cfg "$menu"
      '';
    "/boot/efi.img" =
      source:
      pkgs.runCommand "efi.img" { nativeBuildInputs = [ pkgs.buildPackages.mtools ]; } ''
        cp --no-preserve=mode ${source} "$out"
        mcopy -i "$out" ::/EFI/BOOT/grub.cfg menu
        ${addInitrd} grub ${areaPath} <menu >grub.cfg
        touch -d @315619200 grub.cfg
        mcopy -o -m -i "$out" grub.cfg ::/EFI/BOOT/grub.cfg
      '';
  };
  # Should nixpkgs lay them out in another way, evaluation says so: the area would be there, and nothing would read it.
  menus =
    lib.optional config.isoImage.makeBiosBootable "/isolinux/isolinux.cfg"
    ++ lib.optionals config.isoImage.makeEfiBootable [
      "/EFI"
      "/boot/efi.img"
    ];
  # Targets of kernel and initrd are store paths; a name of an attribute may have no context.
  targetOf = entry: builtins.unsafeDiscardStringContext entry.target;
  missingMenus = lib.subtractLists (map targetOf config.isoImage.contents) menus;
  rewriteMenu =
    entry:
    let
      target = targetOf entry;
    in
    if rewrite ? ${target} then entry // { source = rewrite.${target} entry.source; } else entry;

  iso = config.system.build.isoImage.override {
    contents = map rewriteMenu config.isoImage.contents ++ [
      {
        source = area;
        target = areaPath;
      }
    ];
  };
in
{
  imports = [
    "${modulesPath}/installer/cd-dvd/installation-cd-base.nix"
    ./installer.nix
  ];

  nixosImage.kind = "iso";

  assertions = [
    {
      assertion = missingMenus == [ ];
      message = "isoImage.contents has no ${lib.concatStringsSep " and no " missingMenus}, so no customisation area can be added to the boot menu (nix/modules/iso.nix).";
    }
  ];

  isoImage = {
    makeBiosBootable = isx86;
    makeEfiBootable = true;
    makeUsbBootable = true;
    # A menu that also works on a serial line.
    forceTextMode = lib.mkDefault true;
    squashfsCompression = lib.mkDefault "zstd -Xcompression-level 19";
  };
  # Firmware that booted the ISO over HTTP keeps it in memory, where Linux finds it as /dev/pmem0 with these.
  boot.initrd.availableKernelModules = [
    "libnvdimm"
    "nd_pmem"
    "nfit"
  ];
  boot.loader.grub.memtest86.enable = lib.mkForce false;
  # The screen is the main console here.
  boot.kernelParams = lib.mkAfter [ "console=tty0" ];

  system.build.nixosImage = imageFolder {
    files.iso = "installer.iso";
    nativeBuildInputs = [ pkgs.buildPackages.xorriso ];
    commands = ''
      cp --no-preserve=mode ${iso}/iso/*.iso "$out/installer.iso"
      offset=$(${pkgs.runtimeShell} ${../iso/area-offset} "$out/installer.iso" ${areaPath} ${toString areaLength})
    '';
    jq = {
      arguments = ''--argjson offset "$offset"'';
      filter = ".customisation = {offset: $offset, length: ${toString areaLength}}";
    };
  };
}
