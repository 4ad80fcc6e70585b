import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import { LocalFlake, root } from './local-nix.ts';

/** What is golden of an image: everything that this project sets and NixOS does not, in a form that reads well. */
const SUMMARY = `image:
let
  inherit (image) config;
  names = packages: builtins.sort builtins.lessThan (map (package: package.pname or package.name) packages);
  set = attributes: builtins.removeAttrs attributes (builtins.filter
    (name: builtins.elem attributes.\${name} [ "" [ ] { } ]) (builtins.attrNames attributes));
  unit = service: set (service // { path = names (service.path or [ ]); });
in
{
  osRelease = config.system.nixos.extraOSReleaseArgs // {
    VARIANT_ID = config.system.nixos.variant_id;
    IMAGE_ID = config.system.image.id;
    IMAGE_VERSION = config.system.image.version;
  };
  greeting = config.services.getty.greetingLine;
  help = config.services.getty.helpLine;
  kernel = config.boot.kernelPackages.kernel.version;
  kernelParams = config.boot.kernelParams;
  filesystems = builtins.filter (name: config.boot.supportedFilesystems.\${name}) (builtins.attrNames config.boot.supportedFilesystems);
  packages = names config.environment.systemPackages;
  mdadmConf = config.boot.swraid.mdadmConf;
  firmware = {
    redistributable = config.hardware.enableRedistributableFirmware;
    packages = map (package: package.name) config.hardware.firmware;
  };
  network = config.systemd.network.networks;
  nixSettings = config.nix.settings;
  sshd = config.services.openssh.settings;
  stage1 = builtins.mapAttrs (_: unit) config.boot.initrd.systemd.services;
  services = builtins.mapAttrs (_: unit) config.systemd.services;
}`;

let flake: LocalFlake;
beforeAll(async () => {
  flake = await LocalFlake.ofProject('golden');
});

/** Store paths and revisions change with every file of the flake. */
const steady = (text: string) =>
  text
    .replaceAll(/"[^"]*?\/nix-test\/store\/[a-z0-9]{32}-/g, (path) =>
      path.replace(/\/?[^" ]*\/store\/[a-z0-9]{32}-/, '/nix/store/…-'),
    )
    .replaceAll(/\/[^" ]*?\/nix-test\/store\/[a-z0-9]{32}-/g, '/nix/store/…-')
    .replaceAll(/\b[0-9a-f]{40}\b/g, '<revision>')
    .replaceAll(/\b(26\.05\.20260820)\.[0-9a-f]{7}\b/g, '$1.<revision>');

describe('the settings, units and scripts of', () => {
  it.each(['kexec-noninteractive', 'kexec-low-memory', 'kexec-lean', 'netboot-interactive', 'iso-interactive'])(
    '%s are as reviewed',
    async (image) => {
      const summary = await flake.eval(`packages.x86_64-linux."${image}-nixos-26.05"`, SUMMARY);
      await expect(steady(JSON.stringify(summary, undefined, 2))).toMatchFileSnapshot(`golden/${image}.txt`);
    },
  );
});

describe('NixOS tests', () => {
  const Scripts = v.record(v.string(), v.string());
  // The real driver asks pyflakes, too. These are the names that it brings.
  const env = { PYFLAKES_BUILTINS: 'create_machine,machine,subtest' };
  it.each(['x86_64-linux', 'aarch64-linux'])('of %s have scripts without a slip', async (system) => {
    const tests = `checks: builtins.mapAttrs (_: test: test.testScript) (removeAttrs checks [ "status-screen" ])`;
    const scripts = v.parse(Scripts, await flake.eval(`checks.${system}`, tests));
    expect(Object.keys(scripts).length).toBeGreaterThan(8);
    for (const [name, script] of Object.entries(scripts)) {
      const file = join(root, '.state/nix-test', `${name}.py`);
      writeFileSync(file, script);
      const { stdout } = await execa('python3', ['-m', 'pyflakes', file], { env, reject: false });
      expect(stdout).toBe('');
    }
  });
});
