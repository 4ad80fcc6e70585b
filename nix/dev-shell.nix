# What script/server and script/test need, for machines without Debian's packages (script/debian-packages).
{
  ansible,
  apt,
  aria2,
  chromium,
  cpio,
  curl,
  dash,
  dbus,
  dejavu_fonts,
  dnsmasq,
  dosfstools,
  dpkg,
  dropbear,
  e2fsprogs,
  fetchurl,
  git,
  glibc,
  gnupg,
  grub2_efi,
  iproute2,
  ipxe,
  jq,
  kmod,
  lftp,
  lib,
  libarchive,
  libxml2,
  makeFontsConf,
  mandoc,
  minisign,
  mkpasswd,
  mksh,
  mkShell,
  mtools,
  nginx,
  nix,
  nixfmt,
  nixfmt-tree,
  nodejs_24,
  openssh,
  OVMF,
  patchelf,
  pkgsCross,
  pkgsStatic,
  python3,
  qemu,
  qrencode,
  rclone,
  runCommand,
  shellcheck,
  squashfsTools,
  stdenv,
  systemd,
  tmux,
  util-linux,
  virt-manager,
  vmTools,
  wget,
  which,
  writeShellScript,
  writeText,
  xorriso,
  yash,
  zstd,
}:
let
  inherit (stdenv.hostPlatform) isx86;

  # Its applets would take the place of GNU's tools on the PATH.
  busybox = runCommand "busybox-alone" { } ''
    mkdir -p "$out/bin"
    ln -s ${pkgsStatic.busybox}/bin/busybox "$out/bin/busybox"
  '';

  # For the smoke images of the other architecture: a cross compiler under the names that Debian's has.
  foreign = if isx86 then pkgsCross.aarch64-multiplatform else pkgsCross.gnu64;
  crossTools =
    let
      inherit (foreign.stdenv) cc hostPlatform;
      gcc = writeShellScript "gcc" ''
        exec ${cc}/bin/${cc.targetPrefix}gcc -L${lib.getOutput "static" foreign.glibc}/lib "$@"
      '';
    in
    runCommand "cross-tools" { } ''
      mkdir -p "$out/bin"
      ln -s ${gcc} "$out/bin/${hostPlatform.uname.processor}-linux-gnu-gcc"
      for tool in ar as ld objcopy strip; do
        ln -s ${cc.bintools}/bin/${cc.targetPrefix}$tool "$out/bin/${hostPlatform.uname.processor}-linux-gnu-$tool"
      done
    '';

  packages = [
    ansible
    apt
    aria2
    busybox
    chromium
    cpio
    crossTools
    curl
    dash
    dbus
    dnsmasq
    dosfstools
    dpkg
    dropbear
    e2fsprogs
    git
    gnupg
    grub2_efi
    iproute2
    jq
    kmod
    lftp
    libarchive
    libxml2
    mandoc
    minisign
    mkpasswd
    mksh
    mtools
    nginx
    nix
    nixfmt
    nixfmt-tree
    nodejs_24
    openssh
    patchelf
    (python3.withPackages (packages: [ packages.pyflakes ]))
    qemu
    rclone
    shellcheck
    systemd
    tmux
    util-linux
    virt-manager
    wget
    which
    xorriso
    yash
    squashfsTools
    zstd
  ];

  # Where the smoke images' Debian packages come from: the day of Debian 12 that nixpkgs' own tests know.
  debian = vmTools.debDistros.debian12x86_64;
  # nixpkgs has no keyring of Debian's.
  keyring =
    let
      package = fetchurl {
        url = "https://snapshot.debian.org/archive/debian/20260105T082626Z/pool/main/d/debian-archive-keyring/debian-archive-keyring_2023.3+deb12u2_all.deb";
        sha256 = "f699e2f88dca05212f2a452b58475f2993cb6993dfbafb1d0205a3291eb8b4b8";
      };
    in
    runCommand "debian-archive-keyring.gpg" { nativeBuildInputs = [ dpkg ]; } ''
      dpkg-deb --extract ${package} .
      cp usr/share/keyrings/debian-archive-keyring.gpg "$out"
    '';
  sources =
    let
      options = "[check-valid-until=no signed-by=${keyring}]";
    in
    writeText "debian.list" ''
      deb ${options} ${debian.urlPrefix} bookworm main
      deb-src ${options} ${debian.urlPrefix} bookworm main
    '';
in
mkShell (
  {
    packages = map lib.getBin packages;
    buildInputs = [ qrencode ];

    # Letters for the browser that uses the pages.
    FONTCONFIG_FILE = makeFontsConf { fontDirectories = [ dejavu_fonts ]; };

    # script/bootstrap installs no Debian packages then, and lets the programs of npm packages start without an FHS.
    NIXOS_IMAGES_DEV_SHELL = "1";
    PROGRAM_LOADER = stdenv.cc.bintools.dynamicLinker;
    PROGRAM_LIBRARIES = lib.makeLibraryPath [
      glibc
      stdenv.cc.cc
    ];

    # Read by test/smoke-images/prepare.
    DEBIAN_SOURCES_LIST = sources;
    SMOKE_BUILD_ENVIRONMENT = builtins.toJSON {
      PATH = lib.makeBinPath (packages ++ [ stdenv.cc ] ++ stdenv.initialPath);
      # What the kexec tarball holds is linked statically.
      LIBRARY_PATH = "${lib.getOutput "static" glibc}/lib";
    };
  }
  # Firmware for the boot tests (docs/boot.md).
  // (
    if isx86 then
      {
        OVMF_CODE = OVMF.firmware;
        OVMF_VARS = OVMF.variables;
        IPXE_BIOS = "${ipxe}/ipxe.lkrn";
      }
    else
      {
        AAVMF_CODE = OVMF.firmware;
        AAVMF_VARS = OVMF.variables;
        IPXE_EFI_AARCH64 = "${ipxe}/ipxe.efi";
      }
  )
)
