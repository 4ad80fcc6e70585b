# Keys, root's password hash and the host name from the kernel command line, for those who write iPXE scripts.
{ pkgs, ... }:
{
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
