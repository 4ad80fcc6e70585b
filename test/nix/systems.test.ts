import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import { LocalFlake } from './local-nix.ts';

const SUMMARY = `
  packages:
  let
    summaryOf = name:
      let
        inherit (packages.\${name}) config;
        services = builtins.mapAttrs (_: service: {
          after = service.after;
          command = toString (service.serviceConfig.ExecStart or "");
          enabled = service.enable;
          type = service.serviceConfig.Type or "simple";
        }) config.systemd.services;
      in
      {
        inherit (config.boot) kernelParams;
        inherit (config.system.build.toplevel) closure;
        inherit services;
        sockets = builtins.mapAttrs (_: socket: socket.enable) config.systemd.sockets;
        networks = builtins.mapAttrs (_: network: { inherit (network) dhcpV4Config dhcpV6Config; }) config.systemd.network.networks;
      };
    # A package of iPXE is no system.
    isImage = name: builtins.match ".*-nixos-26.05" name != null && packages.\${name} ? config;
  in
  builtins.listToAttrs (map (name: { inherit name; value = summaryOf name; })
    (builtins.filter isImage (builtins.attrNames packages)))`;

const Settings = v.record(v.string(), v.unknown());
const Systems = v.record(
  v.string(),
  v.object({
    kernelParams: v.array(v.string()),
    closure: v.array(v.string()),
    services: v.record(
      v.string(),
      v.object({ after: v.array(v.string()), command: v.string(), enabled: v.boolean(), type: v.string() }),
    ),
    sockets: v.record(v.string(), v.boolean()),
    networks: v.record(v.string(), v.object({ dhcpV4Config: Settings, dhcpV6Config: Settings })),
  }),
);
type Systems = v.InferOutput<typeof Systems>;

let x86: Systems;
let aarch64: Systems;
beforeAll(async () => {
  const flake = await LocalFlake.ofProject('systems');
  const systemsOf = async (system: string) => v.parse(Systems, await flake.eval(`packages.${system}`, SUMMARY));
  x86 = await systemsOf('x86_64-linux');
  aarch64 = await systemsOf('aarch64-linux');
});
const systemsOf = (variant: RegExp) => Object.entries(x86).filter(([name]) => variant.test(name));

describe('the closure of a system, as far as options decide,', () => {
  it('has neither a copy of nixpkgs nor what builds would need first', () => {
    for (const [name, { closure }] of systemsOf(/./)) {
      expect(closure, name).not.toContain('nixpkgs');
      expect(closure, name).not.toContain('stdenv');
    }
  });

  it('has no Python, Perl, X libraries or all firmware in the small variants', () => {
    const small = systemsOf(/noninteractive|low-memory/);
    expect(small.length).toBe(5);
    for (const [name, { closure }] of small) {
      expect(closure, name).toEqual(expect.arrayContaining(['disko', 'jq', 'nixos-facter']));
      for (const large of ['python3', 'perl', 'libX11', 'linux-firmware']) expect(closure, name).not.toContain(large);
    }
  });

  it('has firmware for screens and Wi-Fi where a person sits in front of it', () => {
    for (const [name, { closure }] of systemsOf(/-interactive/)) expect(closure, name).toContain('linux-firmware');
  });
});

describe('kernel parameters', () => {
  it('are each given once, but for consoles', () => {
    for (const [name, { kernelParams }] of [...Object.entries(x86), ...Object.entries(aarch64)]) {
      const names = kernelParams.map((parameter) => parameter.replace(/=.*/, '')).filter((key) => key !== 'console');
      expect(names, name).toEqual([...new Set(names)]);
    }
  });

  it('name both kinds of serial line on aarch64, and as the last one that which most machines have', () => {
    const { kernelParams = [] } = aarch64['kexec-noninteractive-nixos-26.05'] ?? {};
    const consoles = kernelParams.filter((parameter) => parameter.startsWith('console='));
    expect(consoles).toEqual(['console=tty0', 'console=ttyS0,115200', 'console=ttyAMA0,115200']);
  });
});

describe('units', () => {
  it('that write the same authorized_keys run one after the other', () => {
    const writers = ['restore-authorized-keys', 'restore-customisation', 'apply-kernel-parameters'];
    for (const [name, { services }] of systemsOf(/./)) {
      for (const [index, writer] of writers.entries()) {
        const earlier = writers.slice(0, index).map((unit) => `${unit}.service`);
        expect(services[writer]?.after, `${name}: ${writer}`).toEqual(expect.arrayContaining(earlier));
      }
    }
  });

  it('that draw a whole screen wait until systemd has said on it what it starts', () => {
    for (const [name, { services }] of systemsOf(/-interactive/)) {
      expect(services['status-screen']?.type, name).toBe('idle');
    }
  });
});

describe('sockets', () => {
  it('are off where their service is: they would fail on every boot', () => {
    for (const [name, { services, sockets }] of systemsOf(/noninteractive|low-memory/)) {
      expect(services['systemd-importd']?.enabled, name).toBe(false);
      expect(sockets['systemd-importd'], name).toBe(false);
    }
  });
});

describe('networks', () => {
  it('take no host name from a DHCP server, which would replace the one that was given', () => {
    for (const [name, { networks }] of systemsOf(/./)) {
      expect(Object.keys(networks), name).toHaveLength(2);
      for (const network of Object.values(networks)) {
        expect(network.dhcpV4Config['UseHostname'], name).toBe(false);
        expect(network.dhcpV6Config['UseHostname'], name).toBe(false);
      }
    }
  });
});
