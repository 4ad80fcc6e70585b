import {
  type Catalog,
  formatAddress,
  formatJson,
  imageAddress,
  listedFilesOf,
  type Manifest,
  type Stage,
  stagedChannels,
} from '@nixos-images/shared';
import { Failure } from '../failure.ts';
import type { Problem } from '../store/check.ts';

/**
 * Asks an edge for every current release what the bucket says: the manifest to the letter, and of each file, under its pinned address
 * and the floating one, the first byte, which shows that it can be downloaded, with size and digest of the whole.
 * @param now the bucket's time, by which a channel may be past its sunset
 */
export async function checkEdge(edge: URL, catalog: Catalog, now: Date, signal: AbortSignal): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const { entry, stage } of stagedChannels(catalog, now.getTime())) {
    const manifest = entry.current;
    const path = formatAddress({ type: 'entry', version: manifest.version, name: 'manifest.json' });
    const answer = await ask(edge, path, {}, signal);
    if ((await answer.text()) !== formatJson(manifest))
      problems.push({ object: path, problem: 'is not what the bucket holds' });
    for (const address of addressesOf(manifest, stage)) {
      const problem = await faultOf(edge, address, signal);
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

/** Each file under its pinned address and, unless it is withdrawn, under the floating one of its channel. */
function addressesOf(manifest: Manifest, stage: Stage): Address[] {
  return manifest.images.flatMap((image) =>
    listedFilesOf(image).flatMap(({ part, file: { name, size, sha256 } }) => {
      const pinned = formatAddress({ type: 'entry', version: manifest.version, name });
      const floating = imageAddress(image, { ref: manifest.channel, part });
      return (stage === 'withdrawn' ? [pinned] : [pinned, floating]).map((path) => ({ path, size, sha256 }));
    }),
  );
}

async function faultOf(edge: URL, { path, size, sha256 }: Address, signal: AbortSignal): Promise<string | undefined> {
  const answer = await ask(edge, path, size === 0 ? {} : { Range: 'bytes=0-0' }, signal);
  const { headers, status } = answer;
  await answer.body?.cancel();
  if (status !== (size === 0 ? 200 : 206)) return `answers ${status}`;
  const told = headers.get('content-range')?.split('/')[1] ?? '0';
  if (told !== `${size}`) return `has ${told} bytes instead of ${size}`;
  const digest = `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`;
  return headers.get('repr-digest') === digest ? undefined : 'has another digest than the bucket';
}

async function ask(
  edge: URL,
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  const url = new URL(path, edge);
  // As it is: a text that is compressed on its way has no digest.
  const asked = { 'Accept-Encoding': 'identity', ...headers };
  return fetch(url, { headers: asked, redirect: 'manual', signal }).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw new Failure(`The edge at ${edge.host} cannot be reached.`, {
      remedy: 'Check --edge and that it runs.',
      cause,
    });
  });
}
