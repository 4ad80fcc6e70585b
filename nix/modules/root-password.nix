# A new root password on every boot, shown by the status screen and nowhere else. A password that was set by the download
# address or on the kernel command line stays.
{ pkgs, ... }:
{
  services.openssh.settings.PermitRootLogin = "yes";

  systemd.services.random-root-password = {
    description = "Make a root password for this boot";
    wantedBy = [ "multi-user.target" ];
    before = [
      "sshd.service"
      "status-screen.service"
    ];
    after = [
      "apply-kernel-parameters.service"
      "restore-customisation.service"
    ];
    unitConfig = {
      # Left by kernel-parameters/apply and kexec/restore.
      ConditionPathExists = "!/run/installer/password-given";
      # nixpkgs' own way to give one in the clear.
      ConditionKernelCommandLine = "!live.nixos.password";
    };
    path = [
      pkgs.coreutils
      pkgs.shadow
    ];
    serviceConfig = {
      Type = "oneshot";
      RemainAfterExit = true;
      RuntimeDirectory = "installer";
      RuntimeDirectoryMode = "0700";
      RuntimeDirectoryPreserve = true;
      UMask = "0077";
      ExecStart = "${pkgs.runtimeShell} ${../root-password/set} /run/installer/root-password";
    };
  };
}
