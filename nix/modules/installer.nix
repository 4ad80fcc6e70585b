# What every installer has, whatever its kind: reachable by SSH, all in memory, with the tools to install NixOS.
{
  config,
  lib,
  pkgs,
  ...
}:
{
  imports = [
    ./carried-over.nix
    ./consoles.nix
    ./filesystems.nix
    ./image.nix
    ./kernel-parameters.nix
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
    pkgs.nixos-install-tools
    # nixos-anywhere copies extra files with it
    pkgs.rsync
  ];

  boot.kernelParams = [
    # Pages that compress well stay in memory, should somebody add swap.
    "zswap.enabled=1"
    "zswap.compressor=zstd"
    "zswap.max_pool_percent=50"
    # Seconds after which a machine whose kernel died comes back by itself.
    "panic=30"
  ];
  # Without it a failing stage 1 asks for the password of a root account that has none yet.
  boot.initrd.systemd.emergencyAccess = lib.mkDefault true;

  # nixos-install evaluates what it is given; a copy of nixpkgs would be of the wrong revision soon.
  system.installer.channel.enable = false;
  # Forced: the installation profile puts the manual on every image.
  documentation = {
    enable = lib.mkForce false;
    nixos.enable = lib.mkForce false;
  };

  # Nothing is kept between boots, so there is no state of an older version.
  system.stateVersion = lib.mkDefault config.system.nixos.release;
}
