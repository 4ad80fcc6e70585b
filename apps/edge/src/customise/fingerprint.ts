import type { PublicKey } from '@nixos-images/shared';

/** Whose key it is, as `ssh-keygen -lf` names it. */
export interface KeyFingerprint {
  readonly type: string;
  /** Such as `SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8`. */
  readonly fingerprint: string;
  readonly comment: string;
}

/** The fingerprint of a public key. */
export async function fingerprintOf(key: PublicKey): Promise<KeyFingerprint> {
  const [type = '', base64 = '', ...comment] = key.split(' ');
  const blob = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', blob));
  const text = btoa(String.fromCharCode(...hash)).replaceAll('=', '');
  return { type, fingerprint: `SHA256:${text}`, comment: comment.join(' ') };
}
