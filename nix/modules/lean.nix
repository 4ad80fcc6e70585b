# The variant `noninteractive` for machines with little memory: the initrd holds no system. Stage 1 fetches it as a file of its own, the
# image's store, into memory, where it is mounted. (An initrd with the system in it lies there three times for a moment.)
#
# Which file that is, to the byte, stands in the initrd; where it is, on the kernel command line (live.nixos.store=) or in
# `nixosImage.storeAddresses`.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (config.system) build;
  inherit (import ../static-programs.nix { inherit lib pkgs; }) busybox iproute2 jq;

  networkGenerator = "${config.systemd.package}/lib/systemd/systemd-network-generator";
  name = "nix-store.squashfs";
  folder = "/run/nixos-store";

  programs = pkgs.runCommand "stage-1-programs" { } ''
    mkdir "$out"
    cp ${../lean/fetch-store} "$out/fetch-store"
    cp ${../kernel-parameters/network} "$out/network-parameters"
    cp ${../kexec}/restore ${../kexec}/restore-network.sh ${../kexec}/network-model.sh ${../kexec}/*.jq "$out"
  '';
  run = "${busybox}/bin/busybox sh ${programs}";
  # Busybox first, which has all that the two need but curl, ip and jq.
  path = "${busybox}/bin:/bin:/sbin";
in
{
  imports = [
    ./noninteractive.nix
    ./compressed-swap.nix
  ];

  assertions = [
    {
      assertion = config.nixosImage.kind != "iso";
      message = "A lean image fetches its system into memory, and an ISO reads its own from the medium: use netboot or kexec.";
    }
  ];

  nixosImage.lean = true;

  # Network cards with a cable, whose firmware the initrd gets with them. Virtual machines' first: they are what has little memory.
  boot.initrd.availableKernelModules = [
    "virtio_net"
    "virtio_pci"
    "ena"
    "gve"
    "e1000"
    "e1000e"
    "igb"
    "igc"
    "ixgbe"
    "ixgbevf"
    "i40e"
    "iavf"
    "ice"
    "mlx4_en"
    "mlx5_core"
    "bnx2"
    "bnx2x"
    "bnxt_en"
    "tg3"
    "r8169"
    "atlantic"
    # What lies between a card and an address.
    "bonding"
    "8021q"
    "bridge"
  ]
  # Not every kernel for other architectures has these, and one that is missing fails the build.
  ++ lib.optionals pkgs.stdenv.hostPlatform.isx86 [
    "hv_netvsc"
    "vmxnet3"
    "xen-netfront"
  ];
  boot.initrd.kernelModules = [
    "loop"
    "overlay"
    "squashfs"
  ];

  # The network of stage 2, in stage 1: by ip= and its kin, by what `run` saved, or by DHCP on every port.
  boot.initrd.systemd.network = {
    enable = true;
    wait-online.enable = false;
    inherit (config.systemd.network) networks;
  };

  boot.initrd.systemd.extraBin.curl = "${pkgs.curlMinimal}/bin/curl";
  boot.initrd.systemd.storePaths = [
    busybox
    programs
    networkGenerator
    "${iproute2}/bin/ip"
    "${jq}/bin/jq"
  ];

  # In the place of systemd's own unit, for what kernel-parameters.nix says of that; and so that an ip= counts more than what was saved.
  boot.initrd.systemd.services.systemd-network-generator.enable = false;
  boot.initrd.systemd.services.apply-network-parameters = {
    description = "Configure the network as kernel parameters say, to fetch the rest of the system";
    wantedBy = [ "initrd.target" ];
    wants = [ "network-pre.target" ];
    before = [
      "network-pre.target"
      "systemd-networkd.service"
      "restore-network.service"
      "systemd-udevd.service"
    ];
    unitConfig.DefaultDependencies = false;
    environment.PATH = lib.mkForce path;
    serviceConfig = {
      Type = "oneshot";
      RemainAfterExit = true;
      ExecStart = "${run}/network-parameters --generator ${networkGenerator} --cmdline /proc/cmdline --cmdline /customisation/cmdline";
      StandardOutput = "journal+console";
      StandardError = "journal+console";
    };
  };

  boot.initrd.systemd.services.restore-network = {
    description = "Take over the old system's network configuration, to fetch the rest of the system";
    wantedBy = [ "initrd.target" ];
    wants = [ "network-pre.target" ];
    after = [ "systemd-udev-trigger.service" ];
    before = [
      "network-pre.target"
      "systemd-networkd.service"
    ];
    unitConfig = {
      DefaultDependencies = false;
      ConditionPathIsDirectory = "/host-state/network";
    };
    environment.PATH = lib.mkForce "${jq}/bin:${path}";
    serviceConfig = {
      Type = "oneshot";
      RemainAfterExit = true;
      # ip tells today's names of interfaces, once they have them.
      ExecStartPre = "-/bin/udevadm settle --timeout=30";
      ExecStart = "${run}/restore --state /host-state --units /run/systemd/network --ip ${iproute2}/bin/ip network";
      StandardOutput = "journal+console";
      StandardError = "journal+console";
    };
  };

  # Where it fails, the mount below does, and with it stage 1: a shell on the console, or a reboot (boot.panic_on_fail).
  boot.initrd.systemd.services.fetch-store = {
    description = "Fetch the rest of the system into memory";
    wants = [ "systemd-networkd.service" ];
    after = [ "systemd-networkd.service" ];
    unitConfig.DefaultDependencies = false;
    environment.PATH = lib.mkForce path;
    serviceConfig = {
      Type = "oneshot";
      RemainAfterExit = true;
      # A customised link's parameters may be too many for the command line (the edge's ipxe/netboot.ts).
      ExecStart = "${run}/fetch-store --facts /lean-store --to ${folder} --cmdline /proc/cmdline --cmdline /customisation/cmdline";
    };
  };
  fileSystems."/nix/.ro-store" = lib.mkForce {
    fsType = "squashfs";
    device = "${folder}/${name}";
    options = [
      "loop"
      "threads=multi"
      "x-systemd.requires=fetch-store.service"
    ];
    neededForBoot = true;
  };

  system.build.leanStore = build.squashfsStore;
  # What stage 1 must know to fetch it, in an archive of its own: the initrd itself is part of what is fetched.
  system.build.leanInitrd =
    pkgs.runCommand "lean-initrd"
      {
        nativeBuildInputs = [ pkgs.buildPackages.cpio ];
      }
      ''
        mkdir "$out"
        {
          echo name=${name}
          echo size="$(stat -L -c %s ${build.squashfsStore})"
          echo sha256="$(sha256sum <${build.squashfsStore} | cut -d ' ' -f 1)"
          for address in ${lib.escapeShellArgs config.nixosImage.storeAddresses}; do
            echo "address=$address"
          done
        } >lean-store
        touch --date=@315619200 lean-store
        cp ${build.initialRamdisk}/initrd "$out/initrd"
        chmod u+w "$out/initrd"
        echo lean-store | cpio --quiet --reproducible -o -H newc -R 0:0 | gzip -n >>"$out/initrd"
        cp lean-store "$out/facts"
      '';
}
