import {
  type Catalog,
  channelsOf,
  filesOf,
  formatAddress,
  formatJson,
  imageAddress,
  type Manifest,
} from '@nixos-images/shared';
import { Failure } from '../failure.ts';
import type { Problem } from '../store/check.ts';

/**
 * Asks an edge for every current release what the bucket says: the manifest to the letter, and of each file its pinned
 * address and the floating one's size and hash.
 */
export async function checkEdge(edge: URL, catalog: Catalog, signal: AbortSignal): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const channel of channelsOf(catalog)) {
    const entry = catalog.channels[channel];
    if (entry === undefined) continue;
    const manifest = entry.current;
    const path = formatAddress({ type: 'entry', version: manifest.version, name: 'manifest.json' });
    const answer = await ask(edge, path, 'GET', signal);
    if ((await answer.text()) !== formatJson(manifest))
      problems.push({ object: path, problem: 'is not what the bucket holds' });
    for (const address of addressesOf(manifest)) {
      const { headers, status } = await ask(edge, address.path, 'HEAD', signal);
      const problem = faultIn(status, headers, address);
      if (problem !== undefined) problems.push({ object: address.path, problem });
    }
  }
  return problems;
}

interface Address {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** Each file under its pinned address, and under the floating one of its channel. */
function addressesOf(manifest: Manifest): Address[] {
  return manifest.images.flatMap((image) =>
    filesOf(image).flatMap(({ role, file: { name, size, sha256 } }) => {
      const pinned = formatAddress({ type: 'entry', version: manifest.version, name });
      const floating = imageAddress(image, { ref: manifest.channel, part: role });
      return [pinned, floating].map((path) => ({ path, size, sha256 }));
    }),
  );
}

function faultIn(status: number, headers: Headers, { size, sha256 }: Address): string | undefined {
  if (status !== 200) return `answers ${status}`;
  if (headers.get('content-length') !== `${size}`)
    return `has ${headers.get('content-length')} bytes instead of ${size}`;
  const digest = `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`;
  return headers.get('repr-digest') === digest ? undefined : 'has another digest than the bucket';
}

async function ask(edge: URL, path: string, method: 'GET' | 'HEAD', signal: AbortSignal): Promise<Response> {
  const url = new URL(path, edge);
  return fetch(url, { method, redirect: 'manual', signal }).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw new Failure(`The edge at ${edge.host} cannot be reached.`, {
      remedy: 'Check --edge and that it runs.',
      cause,
    });
  });
}
