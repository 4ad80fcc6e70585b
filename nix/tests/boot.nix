# Boots an ISO or a netboot image as it is, and looks around from its own root shell and over SSH.
{
  keys,
  name,
  pkgs,
  # The image's disk as QEMU's arguments, or a netboot image whose kernel is started directly.
  disk ? null,
  direct ? null,
  # Whether that image is lean: its store then comes from a web server beside the machine.
  lean ? false,
  uefi ? false,
  # MiB
  memory ? 3072,
}:
let
  inherit (pkgs) lib;
  inherit (pkgs.stdenv.hostPlatform) isAarch64;
  # Of the word "example".
  passwordHash = "$y$j9T$GPaha6cv8OLe7VoJjmVGN1$bOJ6tzKYXCEO9FEM0tHS8gbECNfVOX8N1q.fHbqt5q5";
  qemu = "${pkgs.qemu}/bin/qemu-system-${pkgs.stdenv.hostPlatform.uname.processor}";
  machine = if isAarch64 then "-machine virt,gic-version=max -cpu max" else "-machine q35 -cpu max";
  arguments = [
    machine
    "-m ${toString memory}"
    "-netdev user,id=net0,hostname=from-dhcp,hostfwd=tcp:127.0.0.1:2222-:22 -device virtio-net-pci,netdev=net0"
    "-device virtio-rng-pci"
  ]
  ++ lib.optional (disk != null) disk
  ++ lib.optional (
    uefi || isAarch64 && disk != null
  ) "-drive if=pflash,format=raw,unit=0,readonly=on,file=${pkgs.OVMF.firmware}"
  ++ lib.optional (direct != null) "-kernel $kernel -initrd initrd -append \"$cmdline\"";

  # Netboot images get their key, root's password and the network the way a customised link brings them: as one more cpio archive.
  start = pkgs.writeShellScript "start-${name}" ''
    set -eu
    ${lib.optionalString (direct != null) ''
      image=${direct}
      json() { ${pkgs.jq}/bin/jq -r "$1" "$image/image.json"; }
      mkdir -p customisation
      cp ${keys}/id.pub customisation/authorized_keys
      echo '${passwordHash}' >customisation/password-hash
      echo 'ip=10.0.2.15::10.0.2.2:255.255.255.0:::none nameserver=10.0.2.3' >customisation/cmdline
      printf '%s\n' customisation customisation/authorized_keys customisation/password-hash customisation/cmdline |
        ${pkgs.cpio}/bin/cpio --quiet -o -H newc -R 0:0 >extra
      kernel=$image/$(json .files.kernel)
      cat "$image/$(json .files.initrd)" extra >initrd
      cmdline="init=$(json .init) $(json '.kernelParams | join(" ")') live.nixos.hostname=from-cmdline"
    ''}
    ${lib.optionalString lean ''
      ${pkgs.python3}/bin/python3 -m http.server --bind 127.0.0.1 --directory "$image" 8000 &
      # Stage 1 obeys what stands on the command line itself.
      cmdline="$cmdline live.nixos.store=http://10.0.2.2:8000/store $(cut -d ' ' -f 1 customisation/cmdline)"
    ''}
    exec ${qemu} ${lib.concatStringsSep " " arguments} "$@"
  '';
in
pkgs.testers.runNixOSTest {
  inherit name;
  nodes = { };

  testScript = ''
    import json

    machine = create_machine("${start}")
    machine.start()
    machine.wait_for_unit("sshd.service")

    with subtest("it says what it is"):
        release = machine.succeed("cat /etc/os-release")
        for line in ["ID=nixos", "VARIANT_ID=installer", "NIXPKGS_REVISION="]:
            assert line in release, release
    with subtest("it has what programs that install over SSH ask for"):
        with open("${../../packages/shared/src/asked-of-installers.json}") as file:
            for asked in json.load(file):
                machine.succeed(asked["command"])
        machine.succeed("nix-store --verify --check-contents")
  ''
  + lib.optionalString (direct == null) ''
    with subtest("the status screen runs, and its password opens the door"):
        machine.wait_for_unit("status-screen.service")
        machine.wait_for_unit("random-root-password.service")
        facts = machine.succeed("status-screen --json")
        assert '"password"' in facts, facts
        machine.succeed("iwctl --help && systemctl is-active iwd tor")
        machine.wait_until_succeeds("test -s /var/lib/tor/onion/ssh/hostname")
    with subtest("the customisation area was loaded and is empty"):
        machine.fail("test -e /run/customisation")
  ''
  + lib.optionalString (direct != null) ''
    import subprocess

    # QEMU's DHCP server sends a name of its own.
    with subtest("the extra initrd's key and the command line's name arrived"):
        machine.succeed("grep -q nixos-tests /root/.ssh/authorized_keys")
        assert machine.succeed("hostname").strip() == "from-cmdline"
        subprocess.run(["install", "-m", "600", "${keys}/id", "id"], check=True)
        subprocess.run(
            [
                "${pkgs.openssh}/bin/ssh", "-i", "id", "-p", "2222", "-o", "StrictHostKeyChecking=no",
                "-o", "UserKnownHostsFile=/dev/null", "root@127.0.0.1", "--", "true",
            ],
            check=True,
        )
    with subtest("the extra initrd's address and password took the place of DHCP's and of none"):
        machine.succeed("grep -qx Address=10.0.2.15/24 /run/systemd/network/*.network")
        assert "10.0.2.3" in machine.succeed("resolvectl dns")
        machine.fail("grep -rq . /run/systemd/netif/leases")
        machine.succeed("grep -qF 'root:${passwordHash}:' /etc/shadow")
  ''
  + lib.optionalString lean ''
    with subtest("its system is the file that it fetched"):
        machine.succeed("test -s /run/nixos-store/nix-store.squashfs")
        machine.succeed("findmnt --types squashfs /nix/.ro-store")
  ''
  + lib.optionalString (memory <= 1024) ''
    with subtest("there is memory left to work with"):
        available = int(machine.succeed("awk '/^MemAvailable:/ {print $2}' /proc/meminfo"))
        assert available > 128 * 1024, f"{available} KiB are available"
  ''
  + ''
    machine.shutdown()
  '';
}
