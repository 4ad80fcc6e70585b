# Starts the kexec tarball on a running machine that knows nothing of it, and reaches the installer under the old
# address, with the old keys and as the old host.
{
  keys,
  image,
  name,
  network,
  pkgs,
}:
pkgs.testers.runNixOSTest {
  inherit name;

  nodes.machine = {
    virtualisation = {
      vlans = [ ];
      memorySize = 2048;
      diskSize = 4096;
      forwardPorts = [
        {
          host.port = 2222;
          guest.port = 22;
        }
      ];
    };
    system.extraDependencies = [
      image
      keys
    ];
    services.openssh.enable = true;
    networking = {
      useNetworkd = true;
      useDHCP = false;
      hostName = "old-host";
    };
    systemd.network.networks."01-eth0" = network // {
      matchConfig.Name = "eth0";
    };
  };

  testScript = ''
    import json
    import subprocess
    import tempfile
    import time

    def ssh(command, check=True):
        return subprocess.run(
            [
                "${pkgs.openssh}/bin/ssh", "-i", key, "-p", "2222",
                "-o", "StrictHostKeyChecking=yes", "-o", f"UserKnownHostsFile={known_hosts}",
                "-o", "ConnectTimeout=2", "root@127.0.0.1", "--", command,
            ],
            text=True, check=check, stdout=subprocess.PIPE,
        ).stdout.strip()

    folder = tempfile.mkdtemp()
    key = f"{folder}/id"
    known_hosts = f"{folder}/known_hosts"
    subprocess.run(["install", "-m", "600", "${keys}/id", key], check=True)

    machine.start()
    machine.wait_for_unit("sshd.service")
    machine.succeed("install -D -m 600 ${keys}/id.pub /root/.ssh/authorized_keys")
    host_key = machine.succeed("cat /etc/ssh/ssh_host_ed25519_key.pub").split()
    with open(known_hosts, "w") as file:
        file.write(f"[127.0.0.1]:2222 {host_key[0]} {host_key[1]}\n")
    machine_id = machine.succeed("cat /etc/machine-id").strip()
    addresses = "ip -json address show dev eth0 | ${pkgs.jq}/bin/jq -r '.[].addr_info[] | select(.scope == \"global\") | .local'"
    before = sorted(machine.succeed(addresses).split())

    machine.succeed("tar -xzf ${image}/kexec.tar.gz -C /root")
    with subtest("a dry run changes nothing"):
        assert "dry run" in machine.succeed("${pkgs.dash}/bin/dash /root/kexec/run --dry-run")
    assert "machine will boot into nixos" in ssh("/root/kexec/run")

    with subtest("the installer answers with the old host key"):
        deadline = time.monotonic() + 900
        release = ""
        while "VARIANT_ID=installer" not in release:
            assert time.monotonic() < deadline, "the installer did not come up"
            time.sleep(2)
            release = ssh("cat /etc/os-release", check=False)
    with subtest("it is the old machine to everybody else"):
        assert ssh("cat /etc/machine-id") == machine_id
        assert ssh("hostname") == "old-host"
        after = ssh("ip -json address show | jq -r '.[] | select(.ifname != \"lo\") | .addr_info[] | select(.scope == \"global\") | .local'")
        assert set(before) <= set(after.split()), f"{before} became {after}"
    with subtest("it has what programs that install over SSH ask for"):
        with open("${../../packages/shared/src/asked-of-installers.json}") as file:
            for asked in json.load(file):
                ssh(asked["command"])
    with subtest("no restore failed"):
        assert ssh("systemctl --failed --no-legend 'restore-*'") == ""
    ssh("poweroff", check=False)
  '';
}
