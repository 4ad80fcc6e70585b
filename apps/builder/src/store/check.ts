import { isDeepStrictEqual } from 'node:util';
import {
  blobKey,
  type File,
  type Image,
  isJoined,
  listedFilesOf,
  type Manifest,
  parseJson,
  releaseKey,
  sha256Sums,
  signatureKey,
  type Version,
} from '@nixos-images/shared';
import { sha256Hex } from '../digest.ts';
import { Failure } from '../failure.ts';
import { Envelope, envelopeFault } from '../sign/envelope.ts';
import { blake2bHex, commentOf, type PublicKey, signatureFault } from '../sign/minisign.ts';
import { signedTexts } from './attach.ts';
import type { Bucket } from './bucket.ts';
import { BlobFault, readFile } from './read-blob.ts';
import { readManifest, type StoredManifest } from './stored.ts';

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
  /** Called with the number of bytes that were read since the last call. */
  readonly onBytes?: (bytes: number) => void;
}

/** What a look at a file found. */
interface Findings {
  /** Undefined when it is as it should be. */
  readonly problem: string | undefined;
  /** Of its bytes, in hex; undefined unless they were read and are right. */
  readonly blake2b: string | undefined;
}

function bad(problem: string): Findings {
  return { problem, blake2b: undefined };
}

/** Checks releases of one bucket; a blob that several name is looked at once. */
export class ReleaseCheck {
  readonly problems: Problem[] = [];
  readonly #bucket: Bucket;
  readonly #options: CheckOptions;
  /** By digest. */
  readonly #findings = new Map<string, Findings>();
  #blobs = 0;
  #bytes = 0;

  constructor(bucket: Bucket, options: CheckOptions) {
    this.#bucket = bucket;
    this.#options = options;
  }

  get blobs(): number {
    return this.#blobs;
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
    if (!isDeepStrictEqual(JSON.parse(stored.text), manifest))
      this.#report(key, 'has fields that this builder does not know');
    for (const image of manifest.images) {
      for (const { file } of listedFilesOf(image)) {
        const { problem } = await this.#file(image, file);
        if (problem === undefined) continue;
        if (isJoined(image, file)) this.#report(releaseKey(version, 'manifest.json'), `${file.name} ${problem}`);
        else this.#report(blobKey(file.sha256), `${problem} (${file.name})`);
      }
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

  async #file(image: Image, file: File): Promise<Findings> {
    const known = this.#findings.get(file.sha256);
    if (known !== undefined) return known;
    this.#options.onBlob?.(file);
    const found = await (this.#options.deep ? this.#hash(image, file) : this.#look(image, file));
    if (!isJoined(image, file)) this.#blobs += 1;
    this.#findings.set(file.sha256, found);
    return found;
  }

  async #look(image: Image, file: File): Promise<Findings> {
    // What it is joined of is looked at by itself.
    if (isJoined(image, file)) return { problem: undefined, blake2b: undefined };
    const facts = await this.#bucket.stat(blobKey(file.sha256));
    if (facts === undefined) return bad('is missing');
    if (facts.size !== file.size) return bad(`has ${facts.size} bytes instead of ${file.size}`);
    return { problem: undefined, blake2b: undefined };
  }

  async #hash(image: Image, file: File): Promise<Findings> {
    const count = ({ length }: Uint8Array) => {
      this.#bytes += length;
      this.#options.onBytes?.(length);
    };
    try {
      return { problem: undefined, blake2b: (await readFile(this.#bucket, image, file, count)).blake2b };
    } catch (error) {
      if (error instanceof BlobFault) return bad(error.problem);
      throw error;
    }
  }

  async #signatures(stored: StoredManifest): Promise<void> {
    const { keys } = this.#options;
    const { manifest } = stored;
    const { version } = manifest;
    if ((await this.#bucket.stat(releaseKey(version, 'manifest.json.minisig'))) === undefined) {
      this.#report(releaseKey(version, 'manifest.json'), 'is not signed');
      return;
    }
    for (const { name, text } of signedTexts(stored)) {
      const signed = { comment: commentOf({ name, sha256: sha256Hex(text) }, version), blake2b: blake2bHex(text) };
      await this.#text(releaseKey(version, `${name}.minisig`), (signature) => signatureFault(keys, signature, signed));
    }
    for (const image of manifest.images) {
      for (const { file } of listedFilesOf(image)) {
        // The BLAKE2b that minisign signs is known only where the bytes were read.
        const { blake2b } = await this.#file(image, file);
        const signed = { comment: commentOf(file, version), blake2b };
        await this.#text(signatureKey(version, file.name), (signature) => signatureFault(keys, signature, signed));
      }
    }
    if (manifest.images.every(({ origin }) => origin.from === 'nix')) {
      const key = releaseKey(version, 'provenance.json');
      await this.#text(key, (json) => envelopeFault(keys, parseJson(Envelope, json, key)));
    }
  }
}
