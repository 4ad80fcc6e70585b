import { type Catalog, PUBLIC_KEY_KEY, Version } from '@nixos-images/shared';
import * as v from 'valibot';
import { JSON_TYPE, representText, TEXT_TYPE } from '../http/represent.ts';
import type { Representation } from '../http/representation.ts';
import { menuScript } from '../ipxe/menu.ts';
import { problem } from '../problem.ts';
import type { Answer, Found, Sources } from './answer.ts';
import { bootRecordOf, isFinal } from './boot-record.ts';
import type { ReleaseDescription } from './descriptions.ts';
import { findManifest, unknownVersion } from './release.ts';

/** Answers `/boot.ipxe`. */
export async function answerBootScript({ snapshot: { catalog } }: Sources): Promise<Found> {
  return text(menuScript(catalog), '/boot.ipxe', 'boot.ipxe', TEXT_TYPE, updatedOf(catalog));
}

/** Answers `/v1/catalog.json`: the bucket's own object. */
export async function answerCatalog({ snapshot }: Sources): Promise<Found> {
  return text(snapshot.text, '/v1/catalog.json', 'catalog.json', JSON_TYPE, updatedOf(snapshot.catalog));
}

/** Answers `/v1/releases/<version>.json`: the manifest of a release and its boot record. */
export async function answerRelease(document: string, sources: Sources): Promise<Answer> {
  const { snapshot, objects, bucket } = sources;
  const given = document.replace(/\.json$/, '');
  const version = v.safeParse(Version, given);
  if (!version.success || given === document) return unknownVersion(given, snapshot.catalog);
  const manifest = await findManifest(version.output, snapshot.catalog, objects, bucket);
  if (manifest === undefined) return unknownVersion(given, snapshot.catalog);
  const boot = await bootRecordOf(manifest, sources);
  const description: ReleaseDescription = { manifest, boot: boot ?? null };
  const modified = Math.max(Date.parse(manifest.published), boot === undefined ? 0 : Date.parse(boot.time));
  const address = `/v1/releases/${version.output}.json`;
  const found = await text(
    `${JSON.stringify(description, null, 2)}\n`,
    address,
    `${version.output}.json`,
    JSON_TYPE,
    modified,
  );
  return { ...found, keep: isFinal(boot) ? 'always' : 'briefly' };
}

/** Answers `/minisign.pub`: the key that the newest releases are signed with. Looked up once for each state of the catalog. */
export async function answerPublicKey({ bucket }: Sources): Promise<Answer> {
  const object = await bucket.get(PUBLIC_KEY_KEY);
  if (object === null) return problem(404, 'The releases here are not signed.');
  return text(await object.text(), '/minisign.pub', 'minisign.pub', TEXT_TYPE, object.uploaded.getTime());
}

/** When the catalog last changed, in milliseconds since 1970. */
function updatedOf(catalog: Catalog): number {
  return Date.parse(catalog.updated);
}

async function text(body: string, pinned: string, name: string, mediaType: string, modified: number): Promise<Found> {
  const representation: Representation = await representText(body, {
    name,
    pinned,
    mediaType,
    modified,
    lasting: 'until-asked',
  });
  return { representation, subject: undefined, keep: 'always' };
}
