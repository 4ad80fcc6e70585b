import { expect, it } from 'vitest';
import type { Config } from './config.ts';
import { parseConfig } from './config.ts';
import { Failure } from './failure.ts';
import { selectChannels, selectImages } from './selection.ts';

const config: Config = parseConfig(
  {
    bucket: { endpoint: 'http://127.0.0.1:1', name: 'images' },
    channels: {
      'nixos-26.05': { flake: 'path:.', images: [{ kind: 'kexec' }, { kind: 'iso', arches: ['x86_64'] }] },
      'nixos-unstable': { flake: 'path:.', images: [{ kind: 'netboot' }] },
    },
  },
  '/etc/images/nixos-images.config.ts',
);

const names = (options: Parameters<typeof selectImages>[1]) =>
  selectImages(config, options).flatMap(({ channel, images }) =>
    images.map(({ kind, arch, variant }) => `${channel} ${kind} ${arch} ${variant}`),
  );

it('takes everything when nothing is asked for, with the default variants and both architectures', () => {
  expect(names({})).toEqual([
    'nixos-26.05 kexec x86_64 noninteractive',
    'nixos-26.05 kexec aarch64 noninteractive',
    'nixos-26.05 iso x86_64 interactive',
    'nixos-unstable netboot x86_64 interactive',
    'nixos-unstable netboot aarch64 interactive',
  ]);
});

it('understands aliases and every spelling of an architecture', () => {
  expect(names({ channel: ['latest'], arch: ['ARM64'] })).toEqual(['nixos-26.05 kexec aarch64 noninteractive']);
});

it.each([
  [{ channel: ['24.11'] }, 'nixos-26.05, nixos-unstable'],
  [{ arch: ['riscv64'] }, 'x86_64, aarch64'],
  [{ variant: ['tiny'] }, 'noninteractive, interactive'],
  [{ kind: ['qcow'] }, 'kexec, iso, netboot'],
])('answers %j with what there is', (options, there) => {
  expect(() => selectImages(config, options)).toThrow(Failure);
  try {
    selectImages(config, options);
  } catch (error) {
    expect(error).toMatchObject({ exitCode: 2, remedy: `It has: ${there}.` });
  }
});

it('keeps the order of the config', () => {
  expect(selectChannels(config, ['unstable', '26.05'])).toEqual(['nixos-26.05', 'nixos-unstable']);
});
