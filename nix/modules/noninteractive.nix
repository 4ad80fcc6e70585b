# For machines that a program installs: reached by SSH, small to download. Left out, because nobody sits in front of it:
# manuals, editors, git, nixpkgs and compilers in the store, Python, X libraries, sudo and polkit, firmware but for network
# cards, and the status screen.
{ lib, modulesPath, ... }:
{
  imports = [
    "${modulesPath}/profiles/perlless.nix"
    ./wired-firmware.nix
    ./zfs-minimal.nix
  ];
  # Adds to lists that nothing can be taken out of again; what is needed of it stands in filesystems.nix.
  disabledModules = [ "profiles/base.nix" ];

  # Nothing in the system runs perl, but nixos-generate-config is written in it.
  system.forbiddenDependenciesRegexes = lib.mkForce [ ];
  # A compiler and all that makes a stdenv.
  system.extraDependencies = lib.mkForce [ ];
  # Pulls in all of nixpkgs.
  nix.registry = lib.mkForce { };
  nix.nixPath = lib.mkForce [ ];

  # nixos-install stays. nixos-rebuild is written in Python.
  system.tools = {
    nixos-build-vms.enable = false;
    nixos-option.enable = false;
    nixos-rebuild.enable = false;
  };
  environment.defaultPackages = lib.mkForce [ ];
  environment.stub-ld.enable = false;
  environment.ldso32 = null;
  # Needed for flakes with a git+ address only, and who installs by program evaluates those elsewhere.
  programs.git.enable = false;
  programs.nano.enable = false;
  programs.command-not-found.enable = false;
  programs.less.lessopen = null;
  documentation.man.enable = lib.mkForce false;
  documentation.info.enable = false;
  fonts.fontconfig.enable = lib.mkForce false;
  services.udisks2.enable = false;
  services.logrotate.enable = false;

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
    group = "nixos";
  };
  users.groups.nixos = { };

  # Drivers for graphics: a serial line or a VGA text screen is all there is.
  boot.blacklistedKernelModules = [
    "amdgpu"
    "i915"
    "nouveau"
    "radeon"
    "xe"
  ];

  # Root logs in with a key, or with the password of a kernel parameter. An empty one never works over SSH.
  services.openssh.settings = {
    PermitRootLogin = lib.mkForce "yes";
    PermitEmptyPasswords = false;
  };

  # Nobody is there to look at an emergency shell: come back and let the next boot try.
  boot.kernelParams = [ "boot.panic_on_fail" ];
}
