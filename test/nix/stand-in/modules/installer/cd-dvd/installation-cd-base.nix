{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.isoImage;
  inherit (config.system) build;
  inherit (config.system.boot.loader) kernelFile;
  grubMenu = ''
    menuentry 'NixOS Installer' {
      linux /boot/${build.kernel}/${kernelFile} init=${build.toplevel}/init
      initrd /boot/${build.initialRamdisk}/initrd
    }
  '';
  makeIso =
    { contents }:
    pkgs.runCommand "iso" { } (
      ''
        mkdir -p tree "$out/iso"
      ''
      + lib.concatStrings (
        map (entry: ''
          mkdir -p "tree/$(dirname ${entry.target})"
          cp -rL --no-preserve=mode ${entry.source} tree/${entry.target}
        '') contents
      )
      + ''
        xorriso -as mkisofs -quiet -V ${cfg.volumeID} -r -o "$out/iso/nixos.iso" tree
      ''
    )
    // {
      override = changes: makeIso ({ inherit contents; } // changes);
    };
in
{
  imports = [
    ../../profiles/base.nix
    ../../profiles/installation-device.nix
  ];

  options = {
    inherit (import ../../../declarations.nix { inherit lib; }) image isoImage;
  };

  config = {
    boot.loader.grub.memtest86.enable = true;
    environment.defaultPackages = [ pkgs.rsync ];
    programs.git.enable = lib.mkDefault true;
    isoImage.makeEfiBootable = true;
    isoImage.makeUsbBootable = true;
    isoImage.volumeID = lib.mkOptionDefault "NIXOS";
    isoImage.contents = [
      {
        source = "${build.kernel}/${kernelFile}";
        target = "/boot/${build.kernel}/${kernelFile}";
      }
      {
        source = "${build.initialRamdisk}/initrd";
        target = "/boot/${build.initialRamdisk}/initrd";
      }
      {
        source = pkgs.runCommand "efi-folder" { menu = grubMenu; } ''
          mkdir -p "$out/BOOT"
          echo "$menu" >"$out/BOOT/grub.cfg"
        '';
        target = "/EFI";
      }
      {
        source = pkgs.runCommand "efi.img" { menu = grubMenu; } ''
          echo "$menu" >grub.cfg
          truncate -s 1440K "$out"
          mformat -i "$out" -f 1440 -N 5300e000 ::
          mmd -i "$out" ::/EFI ::/EFI/BOOT
          mcopy -i "$out" grub.cfg ::/EFI/BOOT/grub.cfg
        '';
        target = "/boot/efi.img";
      }
    ]
    ++ lib.optional cfg.makeBiosBootable {
      source = pkgs.runCommand "isolinux.cfg" { } ''
        cat >"$out" <<'EOF'
        DEFAULT boot
        LABEL boot
        MENU LABEL NixOS Installer
        LINUX /boot/${build.kernel}/${kernelFile}
        APPEND init=${build.toplevel}/init
        INITRD /boot/${build.initialRamdisk}/initrd
        EOF
      '';
      target = "/isolinux/isolinux.cfg";
    };
    system.build.isoImage = makeIso { inherit (cfg) contents; };
  };
}
