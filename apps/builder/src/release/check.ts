import { createHash } from 'node:crypto';
import {
  blobKey,
  type File,
  filesOf,
  formatJson,
  type Manifest,
  parseJson,
  releaseKey,
  sha256Sums,
  signatureKey,
  type Version,
} from '@nixos-images/shared';
import type { Bucket } from '../bucket.ts';
import { Failure } from '../failure.ts';
import { Envelope, envelopeFault } from '../sign/envelope.ts';
import { blake2bHex, type PublicKey, signatureFault } from '../sign/minisign.ts';
import { readManifest } from './stored.ts';

/** Something that is not as it should be: which object, and how. */
export interface Problem {
  readonly object: string;
  readonly problem: string;
}

export interface CheckOptions {
  /** Keys that releases may be signed with; none: signatures are not asked for. */
  readonly keys: readonly PublicKey[];
  /** Read and hash every blob. */
  readonly deep: boolean;
  readonly onBlob?: (file: File) => void;
}

/** Checks releases of one bucket; a blob that several name is looked at once. */
export class ReleaseCheck {
  readonly problems: Problem[] = [];
  readonly #bucket: Bucket;
  readonly #options: CheckOptions;
  readonly #blobs = new Map<string, string | undefined>();
  #bytes = 0;

  constructor(bucket: Bucket, options: CheckOptions) {
    this.#bucket = bucket;
    this.#options = options;
  }

  get blobs(): number {
    return this.#blobs.size;
  }

  /** Bytes that were read and hashed. */
  get bytesRead(): number {
    return this.#bytes;
  }

  /** Checks one release; gives its manifest if there is one. */
  async release(version: Version): Promise<Manifest | undefined> {
    const key = releaseKey(version, 'manifest.json');
    const stored = await readManifest(this.#bucket, version).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      this.#report(key, error.message);
      return undefined;
    });
    if (stored === undefined) {
      if (!this.problems.some(({ object }) => object === key)) this.#report(key, 'is missing');
      return undefined;
    }
    const { manifest } = stored;
    const sums = releaseKey(version, 'SHA256SUMS');
    await this.#text(sums, (text) => (text === sha256Sums(manifest) ? undefined : 'does not fit the manifest'));
    if (stored.text !== formatJson(manifest)) this.#report(key, 'has fields that this builder does not know');
    for (const { file } of manifest.images.flatMap(filesOf)) {
      const problem = await this.#blob(file);
      if (problem !== undefined) this.#report(blobKey(file.sha256), `${problem} (${file.name})`);
    }
    if (this.#options.keys.length > 0) await this.#signatures(stored);
    return manifest;
  }

  #report(object: string, problem: string): void {
    this.problems.push({ object, problem });
  }

  async #text(key: string, faultIn: (text: string) => string | undefined): Promise<void> {
    const object = await this.#bucket.read(key);
    const fault = object === undefined ? 'is missing' : faultIn(object.text);
    if (fault !== undefined) this.#report(key, fault);
  }

  async #blob(file: File): Promise<string | undefined> {
    const known = this.#blobs.get(file.sha256);
    if (this.#blobs.has(file.sha256)) return known;
    this.#options.onBlob?.(file);
    const problem = this.#options.deep ? await this.#hash(file) : await this.#look(file);
    this.#blobs.set(file.sha256, problem);
    return problem;
  }

  async #look(file: File): Promise<string | undefined> {
    const facts = await this.#bucket.stat(blobKey(file.sha256));
    if (facts === undefined) return 'is missing';
    return facts.size === file.size ? undefined : `has ${facts.size} bytes instead of ${file.size}`;
  }

  async #hash(file: File): Promise<string | undefined> {
    const blob = await this.#bucket.open(blobKey(file.sha256));
    if (blob === undefined) return 'is missing';
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of blob) {
      hash.update(chunk);
      size += chunk.length;
    }
    this.#bytes += size;
    if (size !== file.size) return `has ${size} bytes instead of ${file.size}`;
    return hash.digest('hex') === file.sha256 ? undefined : 'is damaged: its bytes hash to something else';
  }

  async #signatures({ manifest, text }: { manifest: Manifest; text: string }): Promise<void> {
    const { keys } = this.#options;
    const { version } = manifest;
    if ((await this.#bucket.stat(releaseKey(version, 'manifest.json.minisig'))) === undefined) {
      this.#report(releaseKey(version, 'manifest.json'), 'is not signed');
      return;
    }
    const over = (bytes: string) => (signature: string) => signatureFault(keys, signature, blake2bHex(bytes));
    await this.#text(releaseKey(version, 'manifest.json.minisig'), over(text));
    await this.#text(releaseKey(version, 'SHA256SUMS.minisig'), over(sha256Sums(manifest)));
    for (const { file } of manifest.images.flatMap(filesOf)) {
      const key = signatureKey(version, file.name);
      if (!this.#options.deep) {
        await this.#text(key, () => undefined);
        continue;
      }
      const blob = await this.#bucket.open(blobKey(file.sha256));
      if (blob === undefined) continue;
      const hash = createHash('blake2b512');
      for await (const chunk of blob) hash.update(chunk);
      const blake2b = hash.digest('hex');
      await this.#text(key, (signature) => signatureFault(keys, signature, blake2b));
    }
    if (manifest.images.every(({ origin }) => origin.from === 'nix')) {
      const key = releaseKey(version, 'provenance.json');
      await this.#text(key, (json) => envelopeFault(keys, parseJson(Envelope, json, key)));
    }
  }
}
