# For machines that a program installs: reached by SSH, small to download. Left out, because nobody sits in front of it:
# editors, git, Python, X libraries, sudo and polkit, firmware but for network cards, and the status screen.
{
  config,
  lib,
  modulesPath,
  pkgs,
  ...
}:
{
  imports = [
    "${modulesPath}/profiles/perlless.nix"
    ./small-programs.nix
    ./wired-firmware.nix
  ];
  # Adds to lists that nothing can be taken out of again; what is needed of it stands in filesystems.nix.
  disabledModules = [ "profiles/base.nix" ];

  # Nothing in the system runs perl, but nixos-generate-config is written in it.
  system.forbiddenDependenciesRegexes = lib.mkForce [ ];

  # nixos-install stays. nixos-rebuild is written in Python.
  system.tools = {
    nixos-build-vms.enable = false;
    nixos-option.enable = false;
    nixos-rebuild.enable = false;
  };
  environment.defaultPackages = lib.mkForce [ ];
  environment.ldso32 = null;
  # Needed for flakes with a git+ address only, and who installs by program evaluates those elsewhere.
  programs.git.enable = false;
  programs.nano.enable = false;
  programs.less.lessopen = null;
  programs.bash.completion.enable = false;
  # It downloads containers for systemd-machined, and is why GnuPG would be in every image.
  systemd.services.systemd-importd.enable = false;
  # A socket whose service is not there fails on every boot.
  systemd.sockets.systemd-importd.enable = false;

  # Everybody here is root; run0 comes with systemd.
  security.sudo.enable = lib.mkForce false;
  security.polkit.enable = lib.mkForce false;
  # The classic dbus and xauth are what brings in X libraries.
  services.dbus.implementation = "broker";
  security.pam.services.su.forwardXAuth = lib.mkForce false;

  # Users are made by what systemd brings, which knows no normal ones.
  systemd.sysusers.enable = true;
  services.userborn.enable = false;
  users.users.nixos = {
    isNormalUser = lib.mkForce false;
    isSystemUser = true;
    useDefaultShell = true;
    group = "nixos";
  };
  users.groups.nixos = { };

  # Root logs in with a key, or with the password of a link or a kernel parameter. An empty one never works over SSH.
  services.openssh.settings = {
    PermitRootLogin = lib.mkForce "yes";
    PermitEmptyPasswords = false;
  };

  # A machine with a new address is found by what its console says. (The status screen would be written over by it.)
  systemd.services.say-addresses = {
    description = "Say this machine's addresses on its console";
    wantedBy = [ "multi-user.target" ];
    after = [ "systemd-networkd.service" ];
    path = [ pkgs.iproute2 ];
    serviceConfig = {
      Type = "exec";
      StandardOutput = "journal+console";
    };
    # Without a network it says what there is.
    script = ''
      ${config.systemd.package}/lib/systemd/systemd-networkd-wait-online --any --timeout=60 || true
      ip -brief address show scope global
    '';
  };

  # Nobody is there to look at an emergency shell: come back and let the next boot try.
  boot.kernelParams = [ "boot.panic_on_fail" ];
}
