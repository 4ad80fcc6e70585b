# Keys, root's password hash, the host name and the network from the kernel command line, for those who write iPXE scripts; and
# from the parameters of a customised link, which an ISO cannot have on its command line.
{ config, pkgs, ... }:
{
  # NixOS runs systemd's generator in stage 1 only, where it knows of no customisation.
  systemd.services.apply-network-parameters = {
    description = "Configure the network as kernel parameters say (ip=, nameserver=, vlan=, bond= and others)";
    wantedBy = [ "multi-user.target" ];
    before = [
      "network-pre.target"
      "systemd-networkd.service"
      "restore-network.service"
      # It reads names of interfaces (ifname=) when it starts.
      "systemd-udevd.service"
    ];
    wants = [ "network-pre.target" ];
    unitConfig.DefaultDependencies = false;
    conflicts = [ "shutdown.target" ];
    path = [
      pkgs.coreutils
      pkgs.gnugrep
      pkgs.gnused
    ];
    serviceConfig = {
      Type = "oneshot";
      RemainAfterExit = true;
      ExecStart = "${pkgs.runtimeShell} ${../kernel-parameters/network} --generator ${config.systemd.package}/lib/systemd/systemd-network-generator --cmdline /proc/cmdline --cmdline /run/customisation/cmdline";
      StandardOutput = "journal+console";
      StandardError = "journal+console";
    };
  };

  systemd.services.apply-kernel-parameters = {
    description = "Apply live.nixos.* kernel parameters";
    wantedBy = [ "multi-user.target" ];
    before = [
      "network-pre.target"
      "sshd.service"
    ];
    after = [
      "restore-hostname.service"
      # Both add to one authorized_keys.
      "restore-authorized-keys.service"
      "restore-customisation.service"
    ];
    wants = [ "network-pre.target" ];
    unitConfig = {
      DefaultDependencies = false;
      ConditionKernelCommandLine = [
        "|live.nixos.authorizedKey"
        "|live.nixos.hostname"
        "|live.nixos.passwordHash"
      ];
      # A customised ISO cannot change its command line, so it brings parameters in a file.
      ConditionPathExists = "|/run/customisation/cmdline";
    };
    conflicts = [ "shutdown.target" ];
    path = [
      pkgs.coreutils
      pkgs.gnugrep
      pkgs.openssh
      pkgs.shadow
    ];
    serviceConfig = {
      Type = "oneshot";
      RemainAfterExit = true;
      ExecStart = "${pkgs.runtimeShell} ${../kernel-parameters/apply} --cmdline /proc/cmdline --cmdline /run/customisation/cmdline";
      StandardOutput = "journal+console";
      StandardError = "journal+console";
    };
  };
}
