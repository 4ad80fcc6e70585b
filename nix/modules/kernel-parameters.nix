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
    after = [ "restore-hostname.service" ];
    wants = [ "network-pre.target" ];
    unitConfig = {
      DefaultDependencies = false;
      ConditionKernelCommandLine = [
        "|live.nixos.authorizedKey"
        "|live.nixos.hostname"
        "|live.nixos.passwordHash"
      ];
    };
    conflicts = [ "shutdown.target" ];
    path = [
      pkgs.coreutils
      pkgs.openssh
      pkgs.shadow
    ];
    serviceConfig = {
      Type = "oneshot";
      RemainAfterExit = true;
      ExecStart = "${pkgs.runtimeShell} ${../kernel-parameters/apply}";
      StandardOutput = "journal+console";
      StandardError = "journal+console";
    };
  };
}
