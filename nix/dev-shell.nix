# What script/server and script/test need, for machines without Debian's packages (script/debian-packages).
{
  cpio,
  curl,
  dosfstools,
  e2fsprogs,
  git,
  gnumake,
  jq,
  kmod,
  lib,
  minisign,
  mkShell,
  mtools,
  nixfmt-tree,
  nodejs_24,
  openssh,
  OVMF,
  pkgsStatic,
  qemu,
  qrencode,
  shellcheck,
  stdenv,
  tmux,
  xorriso,
  zstd,
}:
mkShell {
  packages = [
    cpio
    curl
    dosfstools
    e2fsprogs
    git
    gnumake
    jq
    kmod
    minisign
    mtools
    nixfmt-tree
    nodejs_24
    openssh
    pkgsStatic.busybox
    qemu
    shellcheck
    tmux
    xorriso
    zstd
  ];
  buildInputs = [ qrencode ];
  # script/bootstrap installs no Debian packages then.
  NIXOS_IMAGES_DEV_SHELL = "1";
  OVMF_CODE = lib.optionalString stdenv.hostPlatform.isx86 "${OVMF.fd}/FV/OVMF_CODE.fd";
}
