# What came in with the initrd: the old system's state (nix/kexec/run put it there) and what a customised link brought.
# Stage 1 keeps both in /run; stage 2 restores each part in a unit of its own, so that one that fails costs no other.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  programs = pkgs.runCommand "kexec-restore" { } ''
    mkdir "$out"
    cp ${../kexec}/restore ${../kexec}/restore-network.sh ${../kexec}/network-model.sh ${../kexec}/*.jq "$out"
    chmod 755 "$out/restore"
    patchShebangs "$out"
  '';

  restore =
    {
      part,
      description,
      before,
      after ? [ ],
      options ? "",
      path ? [ ],
    }:
    {
      inherit description before;
      wantedBy = [ "multi-user.target" ];
      unitConfig = {
        DefaultDependencies = false;
        # Either of the two folders is reason enough.
        ConditionPathIsDirectory = [
          "|/run/host-state"
          "|/run/customisation"
        ];
        RequiresMountsFor = "/etc /root";
      };
      after = [ "systemd-tmpfiles-setup.service" ] ++ after;
      conflicts = [ "shutdown.target" ];
      path = [
        pkgs.coreutils
        pkgs.gawk
        pkgs.gnugrep
        pkgs.gnused
      ]
      ++ path;
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = "${programs}/restore ${options} ${part}";
        # One line a fact, where somebody looks when the machine does not answer.
        StandardOutput = "journal+console";
        StandardError = "journal+console";
      };
    };
in
{
  assertions = [
    {
      assertion = config.boot.initrd.systemd.enable;
      message = "The installer images need boot.initrd.systemd.enable: stage 1 keeps what came with the initrd in a unit.";
    }
  ];

  # Ports and host certificates of the old system, which `restore host-keys` writes there.
  services.openssh.extraConfig = "Include /etc/ssh/sshd_config.d/*.conf";

  boot.initrd.systemd.services.keep-carried-over = {
    description = "Keep what came with the initrd for the booted system";
    wantedBy = [ "initrd.target" ];
    before = [ "initrd.target" ];
    unitConfig = {
      DefaultDependencies = false;
      ConditionPathIsDirectory = [
        "|/host-state"
        "|/customisation"
      ];
    };
    serviceConfig.Type = "oneshot";
    script = ''
      for folder in /host-state /customisation; do
        if [ -d "$folder" ]; then
          cp -a "$folder" /run/
        fi
      done
    '';
  };

  # systemd reads it when it starts in stage 2, so it is the one part that stage 1 restores.
  boot.initrd.systemd.services.restore-machine-id = {
    description = "Take over the old system's machine-id";
    wantedBy = [ "initrd.target" ];
    before = [ "initrd.target" ];
    unitConfig = {
      DefaultDependencies = false;
      ConditionPathExists = "/host-state/machine-id";
      # /etc may be an overlay of its own.
      RequiresMountsFor = "/sysroot/etc";
    };
    serviceConfig.Type = "oneshot";
    script = ''
      mkdir -p /sysroot/etc
      cp /host-state/machine-id /sysroot/etc/machine-id
      chmod 444 /sysroot/etc/machine-id
    '';
  };

  systemd.services = {
    restore-hostname = restore {
      part = "hostname";
      description = "Take over the old system's host name, or the one of the download address";
      before = [ "network-pre.target" ];
    };
    restore-host-keys = restore {
      part = "host-keys";
      description = "Take over the old system's SSH host keys";
      before = [
        "sshd-keygen.service"
        "sshd.service"
      ];
    };
    restore-authorized-keys = restore {
      part = "authorized-keys";
      description = "Let in who could log in to the old system";
      before = [ "sshd.service" ];
    };
    restore-customisation = restore {
      part = "customisation";
      description = "Let in whose key or password the download address named, and say so";
      # Three units write one authorized_keys; kernel-parameters.nix has the third.
      after = [ "restore-authorized-keys.service" ];
      before = [ "sshd.service" ];
      path = [ pkgs.openssh ];
    };
    restore-network =
      lib.recursiveUpdate
        (restore {
          part = "network";
          description = "Take over the old system's network configuration";
          options = "--units /run/systemd/network";
          before = [
            "network-pre.target"
            "systemd-networkd.service"
          ];
          # ip tells today's names of interfaces.
          path = [
            pkgs.iproute2
            pkgs.jq
          ];
        })
        {
          wants = [ "network-pre.target" ];
        };
  };
}
