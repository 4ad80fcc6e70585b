import { sign, verify } from 'node:crypto';
import * as v from 'valibot';
import type { PublicKey, SigningKey } from './minisign.ts';

/** A DSSE envelope (https://github.com/secure-systems-lab/dsse): a payload and signatures over it. */
export const Envelope = v.object({
  payloadType: v.string(),
  payload: v.pipe(v.string(), v.base64()),
  signatures: v.pipe(v.array(v.object({ keyid: v.string(), sig: v.pipe(v.string(), v.base64()) })), v.minLength(1)),
});
export type Envelope = v.InferOutput<typeof Envelope>;

/** What is signed: DSSE's pre-authentication encoding. */
function encodingOf(payloadType: string, payload: Buffer): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** Signs a statement. */
export function sealed(key: SigningKey, payloadType: string, statement: object): Envelope {
  const payload = Buffer.from(JSON.stringify(statement));
  const sig = sign(null, encodingOf(payloadType, payload), key.secret).toString('base64');
  return { payloadType, payload: payload.toString('base64'), signatures: [{ keyid: key.id, sig }] };
}

/** Why an envelope is not to be trusted; undefined when one of the keys signed it. */
export function envelopeFault(
  keys: readonly PublicKey[],
  { payloadType, payload, signatures }: Envelope,
): string | undefined {
  const encoding = encodingOf(payloadType, Buffer.from(payload, 'base64'));
  const good = signatures.some(({ keyid, sig }) => {
    const signer = keys.find(({ id }) => id === keyid);
    return signer !== undefined && verify(null, encoding, signer.key, Buffer.from(sig, 'base64'));
  });
  return good ? undefined : 'is not signed by a key that the config lists';
}
