import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { EXIT, Failure } from '../failure.ts';

// Layout of keys and signatures: https://jedisct1.github.io/minisign/#signature-format

/** A public key: what its signatures name it by, and the Ed25519 key. */
export interface PublicKey {
  /** 8 bytes, as minisign prints them: upper-case hex of the little-endian number, without leading zeros. */
  readonly id: string;
  readonly idBytes: Buffer;
  readonly key: KeyObject;
}

/** A secret key with its public half. */
export interface SigningKey extends PublicKey {
  readonly secret: KeyObject;
}

const ED25519 = Buffer.from('Ed');
/** "ED": the signature is over the BLAKE2b-512 of the file. */
const PREHASHED = Buffer.from('ED');
const BLAKE2B = Buffer.from('B2');
// RFC 8410: DER around a bare Ed25519 key.
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

const ID_LENGTH = 8;
const KEY_LENGTH = 32;
const SIGNATURE_LENGTH = 64;
/** Of a secret key without a password: algorithms, an empty salt and limits, id, seed, public key, an empty checksum. */
const SECRET_LENGTH = 158;
const SECRET_ID_OFFSET = 54;

function idOf(bytes: Buffer): string {
  return bytes.readBigUInt64LE().toString(16).toUpperCase();
}

function publicKeyOf(idBytes: Buffer, raw: Buffer): PublicKey {
  const key = createPublicKey({ key: Buffer.concat([SPKI, raw]), format: 'der', type: 'spki' });
  return { id: idOf(idBytes), idBytes, key };
}

/** The line that is not a comment: key files have one, and keys are often given without the comment. */
function keyLine(text: string): Buffer {
  const line = text
    .split('\n')
    .map((each) => each.trim())
    .find((each) => each !== '' && !each.startsWith('untrusted comment:'));
  return Buffer.from(line ?? '', 'base64');
}

/**
 * Reads a public key: the text of a `minisign.pub`, or its second line alone.
 * @throws Failure (exit 2) when it is none.
 */
export function parsePublicKey(text: string): PublicKey {
  const bytes = keyLine(text);
  if (bytes.length !== 2 + ID_LENGTH + KEY_LENGTH || !bytes.subarray(0, 2).equals(ED25519)) {
    throw new Failure(`${JSON.stringify(text.trim().split('\n').at(-1))} is not a minisign public key.`, {
      remedy: 'It is the second line of minisign.pub and starts with RW.',
      exitCode: EXIT.usage,
    });
  }
  return publicKeyOf(bytes.subarray(2, 10), bytes.subarray(10));
}

/**
 * Reads a secret key without a password, as `nixos-images keygen` and `minisign -G -W` write it.
 * @throws Failure when it is none; it never shows the key.
 */
export function parseSigningKey(text: string): SigningKey {
  const bytes = keyLine(text);
  const remedy = 'Make one with `nixos-images keygen` (or `minisign -G -W`).';
  if (bytes.length !== SECRET_LENGTH || !bytes.subarray(0, 2).equals(ED25519)) {
    throw new Failure('The signing key is not a minisign secret key.', { remedy });
  }
  if (bytes.readUInt16BE(2) !== 0) {
    throw new Failure('The signing key has a password, which an unattended run cannot type.', {
      remedy: 'Take the password off (`minisign -C -W`), and keep the key in a secret store.',
    });
  }
  const idBytes = bytes.subarray(SECRET_ID_OFFSET, SECRET_ID_OFFSET + ID_LENGTH);
  const seed = bytes.subarray(SECRET_ID_OFFSET + ID_LENGTH, SECRET_ID_OFFSET + ID_LENGTH + KEY_LENGTH);
  const secret = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  return { id: idOf(idBytes), idBytes, secret, key: createPublicKey(secret) };
}

function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(SPKI.length);
}

/** The text of a `minisign.pub`. */
export function formatPublicKey({ id, idBytes, key }: PublicKey): string {
  const line = Buffer.concat([ED25519, idBytes, rawPublicKey(key)]).toString('base64');
  return `untrusted comment: minisign public key ${id}\n${line}\n`;
}

/** A new key pair: the text of the secret key's file and of the public one's. */
export function generateKey(): { secret: string; public: string; id: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(PKCS8.length);
  // minisign takes ids at random; derived from the key, two files of one key always agree.
  const raw = rawPublicKey(publicKey);
  const idBytes = createHash('sha256').update(raw).digest().subarray(0, ID_LENGTH);
  const secret = Buffer.concat([
    ED25519,
    Buffer.alloc(2),
    BLAKE2B,
    Buffer.alloc(48),
    idBytes,
    seed,
    raw,
    Buffer.alloc(32),
  ]);
  const id = idOf(idBytes);
  return {
    id,
    secret: `untrusted comment: minisign secret key ${id}\n${secret.toString('base64')}\n`,
    public: formatPublicKey({ id, idBytes, key: publicKey }),
  };
}

/** BLAKE2b-512 in hex, what signatures are made over. */
export function blake2bHex(text: string): string {
  return createHash('blake2b512').update(text).digest('hex');
}

/**
 * The text of a `.minisig` file.
 * @param blake2b BLAKE2b-512 of the signed bytes, in hex.
 * @param comment what the signature vouches for besides, in one line. The same input gives the same signature.
 */
export function signatureOf({ id, idBytes, secret }: SigningKey, blake2b: string, comment: string): string {
  const signature = sign(null, Buffer.from(blake2b, 'hex'), secret);
  const whole = sign(null, Buffer.concat([signature, Buffer.from(comment)]), secret);
  return [
    `untrusted comment: signature from minisign secret key ${id}`,
    Buffer.concat([PREHASHED, idBytes, signature]).toString('base64'),
    `trusted comment: ${comment}`,
    whole.toString('base64'),
    '',
  ].join('\n');
}

/** What a signature should be over. */
export interface Signed {
  /** The trusted comment, which is signed as well. */
  readonly comment: string;
  /**
   * BLAKE2b-512 of the signed bytes in hex. Undefined when nobody has read them: then the signer and the comment are checked,
   * and only that the signature fits the bytes stays open.
   */
  readonly blake2b: string | undefined;
}

/** Why a signature is not right; undefined when it is. */
export function signatureFault(
  keys: readonly PublicKey[],
  text: string,
  { comment, blake2b }: Signed,
): string | undefined {
  const [, line = '', commentLine = '', wholeLine = ''] = text.split('\n');
  const bytes = Buffer.from(line, 'base64');
  const whole = Buffer.from(wholeLine, 'base64');
  const isSignature = bytes.length === 2 + ID_LENGTH + SIGNATURE_LENGTH && whole.length === SIGNATURE_LENGTH;
  if (!isSignature || !bytes.subarray(0, 2).equals(PREHASHED)) return 'is not a minisign signature';
  const id = idOf(bytes.subarray(2, 10));
  const signer = keys.find((key) => key.id === id);
  if (signer === undefined) return `is by the key ${id}, which the config does not list`;
  const signature = bytes.subarray(10);
  const found = commentLine.replace(/^trusted comment: /, '');
  if (!verify(null, Buffer.concat([signature, Buffer.from(found)]), signer.key, whole)) return 'has a forged comment';
  if (found !== comment) return `vouches for something else (${found.replaceAll('\t', ' ')})`;
  if (blake2b !== undefined && !verify(null, Buffer.from(blake2b, 'hex'), signer.key, signature)) {
    return 'does not fit the file';
  }
  return undefined;
}

/** The trusted comment of a file of a release. With the SHA-256 in it, a reader who knows that needs no bytes to know who vouches for them. */
export function commentOf(
  { name, sha256 }: { readonly name: string; readonly sha256: string },
  version: string,
): string {
  return `file:${name}\tversion:${version}\tsha256:${sha256}`;
}
