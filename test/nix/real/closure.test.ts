import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { evaluateOutput, nixpkgs } from './nixpkgs.ts';

/**
 * What a system is put together from, and what it refers to itself: its packages, units, files in /etc, firmware and kernel.
 * What these packages need in their turn, only a build tells.
 */
const SUMMARY = `image:
  let
    inherit (builtins) attrNames attrValues concatMap filter getContext mapAttrs match;
    inherit (image) config;
    inherit (outputs.inputs.nixos-unstable) lib legacyPackages;
    # Put together by the option itself.
    firmware = config.hardware.firmware.paths;
    enabled = filter (file: file.enable) (attrValues config.environment.etc);
    texts = [
      (map toString config.environment.systemPackages)
      (map toString firmware)
      (map toString config.system.extraDependencies)
      (map (unit: unit.text) (attrValues config.systemd.units))
      (map (unit: unit.text) (attrValues config.boot.initrd.systemd.units))
      (map (file: if file.text != null then file.text else toString file.source) enabled)
      config.system.activationScripts.script
      (toString config.nixpkgs.flake.source)
    ];
    nameOf = path: builtins.head (match ".*/[0-9a-z]{32}-(.*)" path);
    direct = map nameOf (attrNames (getContext (builtins.toJSON texts)));
    kernelPackages = config.boot.kernelPackages;
  in
  {
    references = lib.unique direct;
    nixpkgs = config.nixpkgs.flake.source;
    firmware = map (package: package.name) firmware;
    kernel = kernelPackages.kernel.version;
    longTerm = legacyPackages.x86_64-linux.linuxPackages.kernel.version;
    stage1 = if config.boot.initrd.systemd.enable then "systemd" else "script";
    units = attrNames (lib.filterAttrs (_: service: service.enable && service.wantedBy != [ ]) config.systemd.services);
  }`;
const Summary = v.object({
  references: v.array(v.string()),
  nixpkgs: v.nullable(v.string()),
  firmware: v.array(v.string()),
  kernel: v.string(),
  longTerm: v.string(),
  stage1: v.string(),
  units: v.array(v.string()),
});

const RESTORE = ['authorized-keys', 'customisation', 'host-keys', 'hostname', 'network'].map(
  (part) => `restore-${part}`,
);
const TOOLS = [
  'disko',
  'jq',
  'nixos-facter',
  'nixos-install',
  'nixos-generate-config',
  'nix',
  'btrfs-progs',
  'xfsprogs',
];
const PERSON = ['status-screen', 'random-root-password', 'iwd', 'tor'];

/** What the small variants are without; icons, sounds and file types are a desktop's. */
const WITHOUT = [
  ...['python3', 'sudo', 'polkit', 'xauth', 'libx11', 'gcc', 'git', 'nano', 'vim', 'rsync', 'linux-firmware'],
  ...['hicolor-icon-theme', 'sound-theme-freedesktop', 'shared-mime-info', 'man-db'],
];
const NONINTERACTIVE = {
  references: [...TOOLS, 'zfs-user'],
  not: WITHOUT,
  units: [...RESTORE, 'sshd', 'say-addresses'],
  notUnits: [...PERSON, 'polkit'],
  kernel: 'newest',
  firmware: ['wired-firmware'],
};
const INTERACTIVE = {
  references: [...TOOLS, 'zfs-user', 'git', 'vim', 'tmux', 'rsync', 'htop', 'tor', 'iwd', 'status-screen'],
  not: ['libx11', 'gcc', 'hicolor-icon-theme', 'sound-theme-freedesktop', 'man-db'],
  units: [...RESTORE, 'sshd', ...PERSON],
  notUnits: ['say-addresses', 'wpa_supplicant', 'NetworkManager'],
  kernel: 'newest',
  firmware: ['linux-firmware'],
};

/** docs/images.md, "Variants", as names of packages and units. */
const PROMISES = {
  'kexec-noninteractive': NONINTERACTIVE,
  'netboot-noninteractive': NONINTERACTIVE,
  'iso-noninteractive': NONINTERACTIVE,
  'kexec-low-memory': {
    ...NONINTERACTIVE,
    references: TOOLS,
    not: [...WITHOUT, 'zfs-user'],
    kernel: 'long-term',
    firmware: [],
  },
  'netboot-interactive': INTERACTIVE,
  'iso-interactive': INTERACTIVE,
};

/** A package's name, out of one with a version behind it, or packed. */
const withoutVersion = (name: string) => name.replace(/\.drv$|-zstd$/, '').replace(/-[0-9].*$/, '');

describe.skipIf(nixpkgs === undefined)('with nixpkgs itself', () => {
  it.each(Object.entries(PROMISES))(
    'the system of %s is put together as documented',
    { timeout: 600_000 },
    async (image, promise) => {
      const output = ['packages', 'x86_64-linux', `${image}-nixos-unstable`].join('/');
      const system = v.parse(Summary, (await evaluateOutput(output, SUMMARY)).value);
      const references = system.references.map(withoutVersion);
      expect(references).toEqual(expect.arrayContaining([...promise.references]));
      expect(references.filter((name) => promise.not.includes(name.toLowerCase()))).toEqual([]);
      expect(system.units).toEqual(expect.arrayContaining([...promise.units]));
      expect(system.units.filter((unit) => promise.notUnits.includes(unit))).toEqual([]);
      expect(system.nixpkgs).toBeNull();
      expect(system.stage1).toBe('systemd');
      expect(system.kernel === system.longTerm).toBe(promise.kernel === 'long-term');
      expect(system.firmware.map(withoutVersion)).toEqual(expect.arrayContaining([...promise.firmware]));
      if (promise.firmware.length === 0) expect(system.firmware).toEqual([]);
    },
  );
});
