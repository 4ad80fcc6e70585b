# Everything that a root file system may lie on, and the newest kernel that has all of it.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  zfsModule = config.boot.zfs.package.kernelModuleAttribute;

  # `linux_6_12` and the like: plain kernels, no -rt, -lqx or -hardened. An attribute of a removed kernel throws.
  isPlainKernel = name: builtins.match "linux_[0-9]+_[0-9]+" name != null;
  hasZfs =
    kernelPackages:
    let
      supported = !(kernelPackages.${zfsModule}.meta.broken or false);
    in
    (builtins.tryEval (kernelPackages ? kernel && kernelPackages ? ${zfsModule} && supported)).value;
  candidates = lib.attrValues (
    lib.filterAttrs (
      name: kernelPackages: isPlainKernel name && hasZfs kernelPackages
    ) pkgs.linuxKernel.packages
  );
  newest = lib.foldl' (
    best: next: if lib.versionOlder best.kernel.version next.kernel.version then next else best
  ) (lib.head candidates) candidates;
in
{
  # In every nixpkgs there is at least the long-term kernel that ZFS supports; should there be none, its default serves.
  # Before mkDefault, with which modules of nixpkgs choose kernels for one file system; after what a user sets.
  boot.kernelPackages = lib.mkIf (candidates != [ ]) (lib.mkOverride 900 newest);

  boot.supportedFilesystems = {
    bcachefs = lib.mkDefault true;
    btrfs = lib.mkDefault true;
    ext4 = lib.mkDefault true;
    f2fs = lib.mkDefault true;
    ntfs = lib.mkDefault true;
    vfat = lib.mkDefault true;
    xfs = lib.mkDefault true;
    zfs = lib.mkDefault true;
  };
  boot.zfs.forceImportRoot = false;
  # ZFS wants one; installed systems get their own.
  networking.hostId = lib.mkDefault "8425e349";

  boot.swraid = {
    enable = true;
    # Without address or program mdadm's monitor does not start. Forced: on some channels nixpkgs' installer says the same,
    # and mdadm complains about a second one.
    mdadmConf = lib.mkForce "PROGRAM ${pkgs.coreutils}/bin/true";
  };
  services.lvm.enable = true;
  # Not loaded by itself when lvcreate makes a RAID volume.
  boot.kernelModules = [ "dm-raid" ];

  # NixOS adds the tools of what is enabled above.
  environment.systemPackages = [
    pkgs.cryptsetup
    pkgs.gptfdisk
    pkgs.parted
  ];
}
