# The packages of nixpkgs that this project names. Each is a folder with a program of its name that does nothing; what
# is made with runCommand is built for real, by bash and the machine's own tools (with Nix's sandbox off).
{
  lib,
  system,
  overlays ? [ ],
}:
let
  arch = lib.head (lib.match "([^-]+)-linux" system);
  # Where the build runs: foreign systems are only evaluated.
  runCommand =
    name: attributes: script:
    let
      passthru = attributes.passthru or { };
    in
    derivation (
      removeAttrs attributes [
        "passthru"
        "meta"
        "nativeBuildInputs"
        "passAsFile"
        "json"
      ]
      // {
        inherit name;
        system = attributes.system or system;
        # The machine's own, written there by test/nix/local-nix.ts.
        PATH = "${lib.optionalString (builtins.pathExists ./path) (builtins.readFile ./path)}:/usr/sbin:/sbin";
        builder = "/bin/sh";
        args = [
          "-c"
          "exec bash -euc \"$script\""
        ];
        script = ''
          patchShebangs() { :; }
          ${lib.optionalString (attributes ? json) ''jsonPath=$PWD/json; printf '%s' "$json" >"$jsonPath"''}
          ${script}
        '';
      }
      // lib.optionalAttrs (attributes ? json) { inherit (attributes) json; }
    )
    // lib.optionalAttrs (attributes ? meta) { inherit (attributes) meta; }
    // passthru;

  fake =
    pname: attributes:
    let
      package = runCommand pname { } ''
        mkdir -p "$out/bin"
        printf '#!/bin/sh\n' >"$out/bin/${pname}"
        chmod +x "$out/bin/${pname}"
      '';
    in
    package
    // {
      inherit pname;
      meta.broken = false;
      # What it brings along. Nothing is built to know it.
      needs = [ ];
      overrideAttrs = change: fake pname (attributes // change attributes);
    }
    // attributes;

  withManual = import ./with-manual.nix { inherit runCommand; };

  kernelPackages = version: zfsBroken: {
    kernel =
      runCommand "linux-${version}" { } ''
        mkdir "$out"
        echo "kernel ${version}" >"$out/bzImage"
        cp "$out/bzImage" "$out/Image"
        mkdir -p "$out/lib/modules/${version}/kernel/drivers/net/ethernet"
        printf 'char firmware[] __attribute__((section(".modinfo"), used)) = "firmware=rtl_nic/1.fw\\0firmware=intel/ice/ice.pkg";\n' |
          gcc -x c -c -o "$out/lib/modules/${version}/kernel/drivers/net/ethernet/cards.ko" -
      ''
      // {
        inherit version;
      };
    zfs_2_4.meta.broken = zfsBroken;
  };
  names = [
    "ansible"
    "apt"
    "aria2"
    "bashInteractive"
    "btrfs-progs"
    "chromium"
    "coreutils"
    "cpio"
    "cryptsetup"
    "curl"
    "curlMinimal"
    "dash"
    "disko"
    "dejavu_fonts"
    "dnsmasq"
    "dosfstools"
    "dpkg"
    "dropbear"
    "e2fsprogs"
    "ethtool"
    "gawk"
    "git"
    "glibc"
    "gnugrep"
    "gnupg"
    "gnused"
    "gptfdisk"
    "grub2_efi"
    "htop"
    "iproute2"
    "ipxe"
    "jq"
    "kmod"
    "lftp"
    "libarchive"
    "libX11"
    "libxml2"
    "mandoc"
    "mdadm"
    "minisign"
    "mkpasswd"
    "mksh"
    "mtools"
    "nginx"
    "nix"
    "nixfmt"
    "nixfmt-tree"
    "nixos-facter"
    "nodejs_24"
    "openssh"
    "OVMF"
    "parted"
    "patchelf"
    "perl"
    "pciutils"
    "qemu"
    "qrencode"
    "rclone"
    "rsync"
    "shadow"
    "shellcheck"
    "squashfsTools"
    "stdenv"
    "systemd"
    "terminus_font"
    "tmux"
    "usbutils"
    "util-linux"
    "vim"
    "virt-manager"
    "wget"
    "which"
    "xorriso"
    "yash"
    "zstd"
  ];

  packages =
    lib.genAttrs names (name: fake name { })
    // {
      inherit lib runCommand system;
      buildPackages = lib.genAttrs names (name: fake name { });
      callPackage =
        file: arguments:
        let
          call = import file;
          pkgs = import ./pkgs.nix { inherit lib system; };
        in
        call (builtins.intersectAttrs (builtins.functionArgs call) pkgs // arguments);
      # Evaluates what is given and makes nothing of it.
      mkShell = attributes: fake "shell" (builtins.deepSeq (lib.mapAttrs (_: toString) attributes) { });
      pkgsCross = lib.genAttrs [ "aarch64-multiplatform" "gnu64" ] (
        _: import ./pkgs.nix { inherit lib system; }
      );
      vmTools.debDistros.debian12x86_64.urlPrefix = "https://debian.example.org";
      python3 = fake "python3" {
        withPackages =
          choose: fake "python3" (builtins.deepSeq (choose { pyflakes = fake "pyflakes" { }; }) { });
      };
      testers.runNixOSTest =
        test:
        runCommand "vm-test-run-${test.name}" { inherit (test) testScript; } ''
          echo "$testScript" >"$out"
        '';
      fetchurl = { url, sha256 }: runCommand (baseNameOf url) { inherit url sha256; } "exit 1";
      makeFontsConf = { fontDirectories }: fake "fonts.conf" { needs = fontDirectories; };
      nixos-enter = withManual "nixos-enter";
      nixos-install = withManual "nixos-install";
      nixos-rebuild-ng = fake "nixos-rebuild-ng" { needs = [ final.python3 ]; };
      xauth = fake "xauth" { needs = [ final.libX11 ]; };
      dbus = fake "dbus" {
        needs = [ final.libX11 ];
        override =
          { x11Support }:
          assert !x11Support;
          fake "dbus" { };
      };
      # Without Python where a hook removes the scripts that are written in it, and nothing else refers to it.
      xfsprogs = fake "xfsprogs" {
        needs = [ final.python3 ];
        overrideAttrs =
          change:
          let
            changed = change { };
            hook = lib.replaceStrings [ "\n" ] [ " " ] changed.postFixup;
            isRemoved = lib.match ".*python.*rm .*" hook != null;
          in
          fake "xfsprogs" (changed // lib.optionalAttrs (!isRemoved) { needs = [ final.python3 ]; });
      };
      systemd =
        runCommand "systemd" { } ''
          mkdir -p "$out/lib/systemd/boot/efi"
          echo "systemd's stub" >"$out/lib/systemd/boot/efi/linuxx64.efi.stub"
        ''
        // {
          pname = "systemd";
          needs = [ ];
        };
      linux-firmware = runCommand "linux-firmware" { } ''
        mkdir -p "$out/lib/firmware/intel"
        cd "$out/lib/firmware"
        mkdir amdgpu bnx2 bnx2x cxgb3 cxgb4 e100 intel/ice intel/vpu liquidio qed rtl_nic tigon
        for folder in * intel/*; do echo "$folder" >"$folder/1.fw"; done
        ln -s 1.fw intel/ice/ice.pkg
      '';
      linuxPackages = kernelPackages "6.12.40" false;
      # The newest lacks ZFS, as it does most of the time; one was removed, and says so when it is looked at.
      linuxKernel.packages = {
        linux_6_12 = kernelPackages "6.12.40" false;
        linux_6_16 = throw "linux 6.16 was removed";
        linux_6_18 = kernelPackages "6.18.3" false;
        linux_6_19 = kernelPackages "6.19.1" true;
        linux_hardened = kernelPackages "6.99.0" false;
      };
      pkgsStatic = {
        busybox = fake "busybox" { };
        iproute2 = fake "ip" {
          # Python came in with a newer nixpkgs than the oldest that is built of: an argument that is not there is no error.
          override =
            { db, iptables }:
            assert db == null && iptables == null;
            fake "ip" { };
        };
        kexec-tools = fake "kexec" {
          override =
            { zstd }:
            assert zstd == null;
            fake "kexec" { };
        };
        jq = fake "jq" {
          override =
            { onigurumaSupport }:
            assert !onigurumaSupport;
            fake "jq" { };
        };
      };
      ipxe =
        let
          compiled =
            script:
            # Images for x86_64 have aarch64's as well, from a cache.
            runCommand "ipxe" { system = "x86_64-linux"; } ''
              mkdir "$out"
              for file in ipxe.efi ipxe.lkrn undionly.kpxe; do echo "$file" >"$out/$file"; done
              ${lib.optionalString (script != null) ''cat ${script} >>"$out/ipxe.efi"''}
            ''
            // {
              version = "2.0.0";
            };
        in
        compiled null // { override = { embedScript }: compiled embedScript; };
      # As much of isolinux as xorriso looks at.
      syslinux = runCommand "syslinux" { } ''
        mkdir -p "$out/share/syslinux"
        cd "$out/share/syslinux"
        echo ldlinux >ldlinux.c32
        truncate -s 4096 isolinux.bin
        truncate -s 432 isohdpfx.bin
      '';
      OVMF = fake "OVMF" {
        firmware = "firmware";
        variables = "variables";
      };
      linkFarm =
        name: files:
        runCommand name { } (
          lib.concatStrings (
            lib.mapAttrsToList (file: target: ''
              mkdir -p "$out/$(dirname ${file})"
              ln -s ${target} "$out/${file}"
            '') files
          )
        );
      symlinkJoin =
        { name, paths }:
        runCommand name { } ''
          mkdir -p "$out"
          ${lib.concatMapStringsSep "\n" (path: ''cp -rs ${path}/. "$out"'') paths}
        '';
      writeText =
        name: text:
        runCommand name { inherit text; } ''
          echo "$text" >"$out"
        '';
      writeShellScript =
        name: text:
        runCommand name { inherit text; } ''
          echo "$text" >"$out"
        '';
      runtimeShell = "/bin/sh";
      stdenv = fake "stdenv" { } // {
        hostPlatform = {
          inherit system;
          uname.processor = arch;
          isx86 = arch == "x86_64";
          isAarch64 = arch == "aarch64";
          efiArch = if arch == "x86_64" then "x64" else "aa64";
        };
        cc = fake "cc" {
          targetPrefix = "${arch}-unknown-linux-gnu-";
          cc = fake "gcc" { };
          bintools = fake "bintools" { dynamicLinker = "/lib/ld.so"; };
        };
        initialPath = [ (fake "coreutils" { }) ];
        mkDerivation = attributes: fake attributes.pname { inherit (attributes) meta; };
      };
      zfs = fake "zfs" {
        kernelModuleAttribute = "zfs_2_4";
        needs = [ final.python3 ];
        override =
          {
            enablePython ? true,
          }:
          fake (if enablePython then "zfs" else "zfs-minimal") {
              kernelModuleAttribute = "zfs_2_4";
              needs = lib.optional enablePython final.python3;
            };
      };
    };
  final = lib.foldl' (previous: overlay: previous // overlay final previous) packages overlays;
in
final
