import type { Load } from './load.ts';
import { type OtherName, SMALL_KEY } from './workers.ts';

/** One line of the table: what the edge does, held against another Worker. */
export interface Comparison {
  readonly name: string;
  readonly edge: Load;
  readonly against: { readonly worker: OtherName; readonly load: Load };
  readonly figure: 'requestsPerSecond' | 'bytesPerSecond' | 'cpuMilliseconds';
  /** What the ratio edge/other is to be: at least, or at most. Undefined where it only tells what an aim can be. */
  readonly aim: { readonly atLeast: number } | { readonly atMost: number } | undefined;
  readonly connections: number;
}

const CONNECTIONS = 8;

/** A small object of the bucket, asked of the floor. */
export const SMALL: Load = { method: 'GET', path: `/${SMALL_KEY}` };

/** All comparisons. `tarballKey` is where the bucket has the tarball. */
export function comparisons(tarballKey: string): Comparison[] {
  const etag = `"${tarballKey.slice(tarballKey.lastIndexOf('/') + 1)}"`;
  const light: readonly (readonly [string, Load])[] = [
    ['iPXE script', { method: 'GET', path: '/netboot/x86_64.ipxe' }],
    ['/kexec.sh', { method: 'GET', path: '/kexec.sh' }],
    ['.sha256', { method: 'GET', path: '/kexec/x86_64.tar.gz.sha256' }],
    ['.json', { method: 'GET', path: '/kexec/x86_64.json' }],
    ['304', { method: 'GET', path: '/kexec/x86_64.tar.gz', headers: { 'If-None-Match': etag } }],
    ['HEAD', { method: 'HEAD', path: '/kexec/x86_64.tar.gz' }],
  ];
  return [
    ...light.flatMap(([name, edge]) => ofLight(name, edge, tarballKey)),
    ...ofRange(tarballKey),
    ...ofBody(tarballKey),
  ];
}

/** Answers for which the edge need not ask the bucket. */
function ofLight(name: string, edge: Load, tarballKey: string): Comparison[] {
  const common = { edge, figure: 'requestsPerSecond', connections: CONNECTIONS } as const;
  const head = edge.method === 'HEAD';
  const load: Load = { ...edge, path: '/' };
  return [
    {
      ...common,
      name: `${name}, requests/s, to the floor's ${head ? 'HEAD' : 'small GET'}`,
      against: { worker: 'floor', load: head ? { method: 'HEAD', path: `/${tarballKey}` } : SMALL },
      aim: { atLeast: head ? 3 : 4 },
    },
    {
      ...common,
      name: `${name}, requests/s, to the empty Worker`,
      against: { worker: 'empty', load },
      aim: { atLeast: 0.5 },
    },
    {
      ...common,
      name: `${name}, requests/s, to the empty Worker with the same answer and log`,
      against: { worker: 'empty-with-headers', load },
      aim: { atLeast: 0.9 },
    },
  ];
}

/** What a resumed download or a partial read costs. */
function ofRange(tarballKey: string): Comparison[] {
  const headers = { Range: 'bytes=1048576-1114111' };
  const edge: Load = { method: 'GET', path: '/kexec/x86_64.tar.gz', headers };
  const load: Load = { method: 'GET', path: `/${tarballKey}`, headers };
  const common = { edge, connections: CONNECTIONS } as const;
  const bare = { worker: 'floor', load } as const;
  const dressed = { worker: 'floor-with-headers', load } as const;
  return [
    {
      ...common,
      name: "64 KiB range, requests/s, to the floor's",
      against: bare,
      figure: 'requestsPerSecond',
      aim: undefined,
    },
    {
      ...common,
      name: '64 KiB range, requests/s, to the floor with headers and log',
      against: dressed,
      figure: 'requestsPerSecond',
      aim: { atLeast: 0.95 },
    },
    {
      ...common,
      name: "64 KiB range, CPU per request, to the floor's",
      against: bare,
      figure: 'cpuMilliseconds',
      aim: { atMost: 1.05 },
    },
    {
      ...common,
      name: '64 KiB range, CPU per request, to the floor with headers and log',
      against: dressed,
      figure: 'cpuMilliseconds',
      aim: { atMost: 1 },
    },
  ];
}

function ofBody(tarballKey: string): Comparison[] {
  const common = {
    against: { worker: 'floor', load: { method: 'GET', path: `/${tarballKey}` } },
    figure: 'bytesPerSecond',
    connections: 2,
  } as const;
  return [
    {
      ...common,
      name: "64 MiB body, bytes/s, to the floor's",
      edge: { method: 'GET', path: '/kexec/x86_64.tar.gz' },
      aim: { atLeast: 0.98 },
    },
    {
      ...common,
      name: "64 MiB body of an EFI file joined out of three blobs, bytes/s, to the floor's",
      edge: { method: 'GET', path: '/netboot@unstable/x86_64.efi' },
      aim: { atLeast: 0.95 },
    },
  ];
}

/** The same requests, of this build and of an earlier one. */
export function comparisonsWithBefore(all: readonly Comparison[]): Comparison[] {
  const seen = new Set<string>();
  return all.flatMap((comparison): Comparison[] => {
    const { edge, connections, name } = comparison;
    const request = `${edge.method} ${edge.path} ${JSON.stringify(edge.headers)}`;
    if (seen.has(request)) return [];
    seen.add(request);
    const common = { edge, connections, against: { worker: 'before', load: edge }, aim: undefined } as const;
    const what = name.slice(0, name.indexOf(','));
    const speed = comparison.figure === 'bytesPerSecond' ? 'bytesPerSecond' : 'requestsPerSecond';
    return [
      {
        ...common,
        name: `${what}, ${speed === 'bytesPerSecond' ? 'bytes/s' : 'requests/s'}, to the earlier build's`,
        figure: speed,
      },
      { ...common, name: `${what}, CPU per request, to the earlier build's`, figure: 'cpuMilliseconds' },
    ];
  });
}
