import { describe, expect, it } from 'vitest';
import { NewerSchema, parseBootRecord, parseCatalog, parseManifest } from './evolution.ts';
import { MalformedJson } from './parse.ts';

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

const digest = 'a'.repeat(64);
const time = '2026-08-20T04:05:06.000Z';
const file = (name: string, mediaType: string): Json => ({ name, size: 4096, sha256: digest, mediaType });
const origin: Json = { from: 'nix', storePath: '/nix/store/x', derivation: '/nix/store/x.drv', kernelVersion: '6.12' };

const manifest = (version: string, channel: string): Json => ({
  schema: 1,
  version,
  channel,
  smoke: false,
  published: time,
  nixpkgs: { version, revision: 'e17386d' },
  images: [
    {
      arch: 'x86_64',
      variant: 'noninteractive',
      origin,
      kind: 'kexec',
      files: { tarball: file('a.tar.gz', 'application/gzip') },
    },
    {
      arch: 'aarch64',
      variant: 'interactive',
      origin: { from: 'github', repository: 'nix-community/nixos-images', tag: 'nixos-26.05' },
      kind: 'netboot',
      files: {
        kernel: file('a-kernel', 'application/octet-stream'),
        initrd: file('a-initrd', 'application/octet-stream'),
      },
      init: '/nix/store/x/init',
      kernelParams: ['quiet'],
    },
    {
      arch: 'x86_64',
      variant: 'interactive',
      origin,
      kind: 'iso',
      files: { iso: file('a.iso', 'application/vnd.efi-iso') },
      customisation: { offset: 2048, length: 4096 },
    },
    {
      arch: 'x86_64',
      variant: 'menu',
      origin,
      kind: 'ipxe',
      files: { efi: file('a.efi', 'application/efi'), iso: file('b.iso', 'application/vnd.efi-iso') },
      address: { length: 512, offsets: { iso: [2048, 8192] } },
      menu: 'http://images.example.org/boot.ipxe',
    },
  ],
});

const catalog: Json = {
  schema: 1,
  generation: 7,
  updated: time,
  channels: {
    'nixos-26.05': {
      state: { status: 'live' },
      promoted: time,
      current: manifest('26.05.20260820.e17386d', 'nixos-26.05'),
      mirror: {
        schema: 1,
        version: '26.05.20260820.e17386d',
        repository: 'nix-community/nixos-images',
        tag: 'v1',
        mirrored: time,
        files: [{ name: 'a.tar.gz', url: 'https://example.org/a', size: 4096, sha256: digest }],
      },
      former: [{ version: '26.05.20260813.abcdef0', published: time, promoted: time }],
    },
    'nixos-25.11': {
      state: { status: 'frozen', since: time, reason: 'upstream ended it', sunset: time },
      promoted: time,
      current: manifest('25.11.20260820.e17386d', 'nixos-25.11'),
      former: [],
    },
  },
  collecting: { id: 'x', renewed: time, blobs: [digest], releases: ['26.05.20260801.e17386d'] },
};

const bootRecord: Json = {
  schema: 1,
  version: '26.05.20260820.e17386d',
  time,
  gate: 'run',
  tools: { qemu: '7.2.22' },
  tests: [
    { kind: 'kexec', arch: 'x86_64', variant: 'noninteractive', path: 'kexec', outcome: 'booted', seconds: 40.5 },
    { kind: 'iso', arch: 'x86_64', variant: 'interactive', path: 'iso-bios-cd', outcome: 'failed', reason: 'no login' },
  ],
};

/** Every place of a JSON value: the value there, its dotted path, and the whole with something else in that place. */
function placesOf(whole: Json): { path: string; value: Json; changed: (to: Json) => Json }[] {
  const walk = (value: Json, path: string[]): { path: string[]; value: Json }[] => {
    const children = Array.isArray(value) ? value.map((item, index) => [`${index}`, item] as const) : entriesOf(value);
    return [{ path, value }, ...children.flatMap(([key, child]) => walk(child, [...path, key]))];
  };
  return walk(whole, []).map(({ path, value }) => ({
    path: path.join('/'),
    value,
    changed: (to) => replaced(whole, path, to),
  }));
}

function entriesOf(value: Json): (readonly [string, Json])[] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

function replaced(value: Json, [key, ...rest]: string[], to: Json): Json {
  if (key === undefined) return to;
  if (Array.isArray(value)) return value.map((item, index) => (`${index}` === key ? replaced(item, rest, to) : item));
  return Object.fromEntries(
    entriesOf(value).map(([name, item]) => [name, name === key ? replaced(item, rest, to) : item]),
  );
}

const read = (json: Json) => parseCatalog(JSON.stringify(json));
const whole = read(catalog);
const places = placesOf(catalog);
const objects = places.filter(
  ({ path, value }) => typeof value === 'object' && !Array.isArray(value) && path !== 'channels',
);
const words = places.filter(({ value }) => typeof value === 'string');

describe('a catalog', () => {
  it('that says nothing new is understood whole', () => {
    expect(whole.unknown).toEqual([]);
    expect(JSON.parse(JSON.stringify(whole.value))).toEqual(catalog);
  });

  it.each(objects)('with a new field in $path reads as before, and the field is named', ({ path, value, changed }) => {
    const { value: understood, unknown } = read(changed({ ...Object.fromEntries(entriesOf(value)), tomorrow: 1 }));
    expect(understood).toEqual(whole.value);
    expect(unknown).toEqual([
      { path: [...path.split('/').filter(Boolean), 'tomorrow'].join('.'), why: 'unknown field', leftOut: false },
    ]);
  });

  // Without the catalog's own words nothing can be said to be understood.
  it.each(words.filter(({ path }) => path !== 'updated'))(
    'with a word of tomorrow at $path loses no more than what stands around it',
    ({ path, changed }) => {
      const { value, unknown } = read(changed('?'));
      const [, channel = '', part] = path.split('/');
      const others = (channels: object) => Object.entries(channels).filter(([name]) => name !== channel);
      expect(others(value.channels)).toEqual(others(whole.value.channels));
      const left = Object.entries(value.channels).find(([name]) => name === channel)?.[1];
      if (path.includes('/images/') || part === 'mirror' || part === 'former') expect(left).toBeDefined();
      // A name or a sentence may be anything: that is understood. Whatever else was left out is named.
      if (unknown.length === 0) expect(value).not.toEqual(whole.value);
      else expect(path.replaceAll('/', '.')).toContain(unknown[0]?.path);
    },
  );

  it('with a channel whose name is new serves the others', () => {
    const entries = entriesOf(catalog).map(([key, value]) =>
      key === 'channels' ? [key, { ...Object.fromEntries(entriesOf(value)), 'nixos-lts': value }] : [key, value],
    );
    const { value, unknown } = read(Object.fromEntries(entries));
    expect(value).toEqual(whole.value);
    expect(unknown.map(({ path }) => path)).toEqual(['channels.nixos-lts']);
  });

  it('of another schema is refused, whatever else it says', () => {
    expect(() => read({ schema: 2 })).toThrow(NewerSchema);
    expect(() => read({ schema: 2 })).toThrow('catalog.json has schema 2; this version knows 1');
  });

  it.each<Json>([
    [],
    {},
    'x',
    { schema: 'one' },
    { schema: 1 },
    { ...Object.fromEntries(entriesOf(catalog)), channels: [] },
  ])('is not %j', (json) => {
    expect(() => read(json)).toThrow(MalformedJson);
  });
});

describe('a manifest', () => {
  const text = (json: Json) => JSON.stringify(json);
  const known = manifest('26.05.20260820.e17386d', 'nixos-26.05');

  it('with a role of tomorrow keeps its image and names the role, so that no one deletes its blob', () => {
    const place = placesOf(known).find(({ path }) => path === 'images/0/files');
    const files = {
      ...Object.fromEntries(entriesOf(place?.value ?? null)),
      tomorrow: file('a-file', 'application/octet-stream'),
    };
    const { value, unknown } = parseManifest(text(place?.changed(files) ?? null), 'manifest.json');
    expect(value.images).toHaveLength(4);
    expect(unknown).toEqual([{ path: 'images.0.files.tomorrow', why: 'unknown field', leftOut: false }]);
  });

  it('loses an image of a kind of tomorrow and no other, as edges older than iPXE images do', () => {
    const place = placesOf(known).find(({ path }) => path === 'images/3/kind');
    const { value, unknown } = parseManifest(text(place?.changed('floppy') ?? null), 'manifest.json');
    expect(value.images.map(({ kind }) => kind)).toEqual(['kexec', 'netboot', 'iso']);
    expect(unknown).toMatchObject([{ path: 'images.3.kind', leftOut: true }]);
  });

  it('without any image that is understood is refused, with the reason', () => {
    const place = placesOf(known).find(({ path }) => path === 'images');
    const json = place?.changed([{ kind: 'floppy' }]) ?? null;
    expect(() => parseManifest(text(json), 'manifest.json')).toThrow(/manifest\.json is malformed at images\.0\.kind/);
  });
});

describe('a boot record', () => {
  it('with a way of tomorrow keeps the other tests', () => {
    const place = placesOf(bootRecord).find(({ path }) => path === 'tests/1/path');
    const { value, unknown } = parseBootRecord(JSON.stringify(place?.changed('uki-uefi') ?? null), 'boot.json');
    expect(value).toMatchObject({ gate: 'run', tests: [{ path: 'kexec' }] });
    expect(unknown.map(({ path }) => path)).toEqual(['tests.1.path']);
  });
});
