# What every installer has, whatever its kind: reachable by SSH, all in memory, with the tools to install NixOS.
{
  config,
  lib,
  modulesPath,
  pkgs,
  ...
}:
{
  imports = [
    # Nothing for a desktop (icons, sounds), no perl, no log rotation. netboot-minimal.nix of nixpkgs has it, its ISO has not.
    "${modulesPath}/profiles/minimal.nix"
    ./carried-over.nix
    ./consoles.nix
    ./filesystems.nix
    ./image.nix
    ./kernel-parameters.nix
    ./manuals.nix
    ./network.nix
    ./nix-settings.nix
  ];

  services.openssh = {
    enable = true;
    # At boot, not on the first connection: host keys should stand on the console before anybody connects.
    startWhenNeeded = lib.mkDefault false;
    # All that a host before a kexec may have been known by; its own keys take the place of these.
    hostKeys =
      map
        (type: {
          inherit type;
          path = "/etc/ssh/ssh_host_${type}_key";
        })
        [
          "ed25519"
          "ecdsa"
          "rsa"
        ];
  };

  # nixpkgs' text tells of empty passwords and NetworkManager.
  services.getty.helpLine = lib.mkForce ''
    You are root. SSH lets root in with a key: the old system's, or one that the download address or the kernel command
    line named. They were shown above, with what else was taken over: systemctl status 'restore-*'
  '';

  environment.systemPackages = [
    pkgs.disko
    pkgs.jq
    pkgs.nixos-facter
  ];

  # Nothing here draws letters but the kernel.
  fonts.fontconfig.enable = lib.mkForce false;

  # Not the package nixos-install-tools: it evaluates a second NixOS, and brings the manual of all options.
  system.tools = {
    nixos-enter.enable = true;
    nixos-generate-config.enable = true; # left out by perlless.nix
    nixos-install.enable = true;
  };

  boot.kernelParams = [
    # Seconds after which a machine whose kernel died comes back by itself.
    "panic=30"
    # Some cards show nothing once nouveau has set a mode; without it the firmware's mode stays.
    "nouveau.modeset=0"
  ];
  # Pages that compress well stay in memory, should somebody add swap. Not by kernel parameters: arm64 builds of iPXE have
  # hung at command lines of 283 characters.
  systemd.tmpfiles.settings.zswap =
    lib.mapAttrs'
      (name: argument: {
        name = "/sys/module/zswap/parameters/${name}";
        value.w = { inherit argument; };
      })
      {
        compressor = "zstd";
        enabled = "1";
        max_pool_percent = "50";
      };
  # Without it a failing stage 1 asks for the password of a root account that has none yet.
  boot.initrd.systemd.emergencyAccess = lib.mkDefault true;

  # No copy of nixpkgs (docs/images.md has the figures): `<nixpkgs>` and the flake `nixpkgs` are the revision that the image
  # is made of, fetched when something asks for it.
  system.installer.channel.enable = false;
  nixpkgs.flake.source = lib.mkForce null;
  nix.registry.nixpkgs.to = lib.mkDefault {
    type = "github";
    owner = "NixOS";
    repo = "nixpkgs";
    rev = config.nixosImage.nixpkgs.revision;
  };
  nix.nixPath = lib.mkDefault [
    "nixpkgs=flake:nixpkgs"
    "/nix/var/nix/profiles/per-user/root/channels"
  ];
  # What a build without substitutes would need first (a shell's stdenv, GRUB): whoever installs has a network.
  system.extraDependencies = lib.mkForce [ ];
  # Forced: the installation profile puts the manual on every image, and netboot's minimal one a reader for manuals.
  documentation = {
    enable = lib.mkForce false;
    man.enable = lib.mkForce false;
    nixos.enable = lib.mkForce false;
  };

  # Nothing is kept between boots, so there is no state of an older version.
  system.stateVersion = lib.mkDefault config.system.nixos.release;
}
