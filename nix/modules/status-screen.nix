# What one needs to know to reach this machine, on its first screen. docs/images.md shows it.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  package = pkgs.callPackage ../status-screen/package.nix { };
  onionService = "/var/lib/tor/onion/ssh/hostname";
in
{
  environment.systemPackages = [ package ];

  systemd.services.status-screen = {
    description = "How to reach this machine";
    wantedBy = [ "multi-user.target" ];
    after = [
      "plymouth-quit.service"
      "systemd-vconsole-setup.service"
    ];
    # It takes the place of the login prompt there, and gives a shell on request.
    conflicts = [ "getty@tty1.service" ];
    before = [ "getty.target" ];
    restartIfChanged = false;
    # ssh-keygen, for the fingerprints.
    path = [ pkgs.openssh ];
    # Of the shell that it gives.
    environment = {
      HOME = "/root";
      TERM = "linux";
    };
    serviceConfig = {
      # On an ISO, and where no serial line is the console, systemd says on this screen what it starts. First let it
      # finish (at most five seconds, systemd.service(5)): what it wrote over the screen would stay until an address changes.
      Type = "idle";
      ExecStart = lib.escapeShellArgs [
        "${package}/bin/status-screen"
        "--password-file"
        "/run/installer/root-password"
        "--onion-file"
        onionService
        "--title"
        "NixOS installer ${config.nixosImage.nixpkgs.version}"
        "--shell"
        "/run/current-system/sw/bin/bash --login"
        "--wifi"
        "/run/current-system/sw/bin/iwctl"
      ];
      Restart = "always";
      RestartSec = 1;
      StandardInput = "tty";
      StandardOutput = "tty";
      StandardError = "journal";
      TTYPath = "/dev/tty1";
      TTYReset = true;
      TTYVHangup = true;
      TTYVTDisallocate = true;
      UtmpIdentifier = "tty1";
      UtmpMode = "user";
      IgnoreSIGPIPE = false;
      WorkingDirectory = "/root";
    };
  };
  services.getty.helpLine = lib.mkForce ''
    The first console (Alt+F1) shows root's password and the addresses; so does: status-screen --once
  '';

  # A serial line has a shell only: it shows the screen once, when that starts.
  environment.loginShellInit = ''
    case "$(tty)" in
      /dev/ttyS* | /dev/ttyAMA* | /dev/hvc*) status-screen --once --columns 80 --rows 24 ;;
    esac
  '';

  systemd.services."getty@tty1".enable = false;
  systemd.services."autovt@tty1".enable = false;

  # Large enough to read from a step away, small enough for the QR code on a 1024 x 768 screen.
  console = {
    earlySetup = true;
    font = lib.mkDefault "${pkgs.terminus_font}/share/consolefonts/ter-v16n.psf.gz";
  };
}
