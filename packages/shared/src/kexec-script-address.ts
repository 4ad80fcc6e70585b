import * as v from 'valibot';
import { Ref } from './address.ts';
import type { ParsedAddress } from './address-grammar.ts';
import type { Channel } from './channel.ts';
import type { Version } from './version.ts';
import { Variant } from './words.ts';

/** `/kexec[@<ref>][/<variant>].sh`: the script that finds out the architecture and starts the tarball for it. */
export interface KexecScriptAddress {
  /** Undefined means `latest`. */
  readonly ref: Ref | Channel | Version | undefined;
  /** Undefined means the default. */
  readonly variant: Variant | undefined;
  readonly view: 'itself' | 'sha256' | 'json';
}

const FORM = /^\/kexec(?:@([^/]+?))?(?:\/([^/]+?))?\.sh(?:\.(sha256|json))?$/;

/** Whether a decoded path, right or wrong, is the address of such a script: who pipes it into a shell must get a script, or nothing. */
export function isKexecScriptAddress(path: string): boolean {
  return FORM.test(path.replace(/^\/with\/[^/]+/, ''));
}

/** Reads a decoded path as the address of such a script. */
export function parseKexecScriptAddress(path: string): ParsedAddress<KexecScriptAddress> {
  const [, refName, variantName, viewName] = FORM.exec(path) ?? [];
  const ref = v.safeParse(v.optional(Ref), refName);
  if (!ref.success) return { ok: false, problem: { reason: 'ref', given: refName ?? '' } };
  const variant = v.safeParse(v.optional(Variant), variantName);
  if (!variant.success) {
    return { ok: false, problem: { reason: 'variant', kind: 'kexec', arch: 'x86_64', given: variantName ?? '' } };
  }
  const view = viewName === 'sha256' || viewName === 'json' ? viewName : 'itself';
  return { ok: true, address: { ref: ref.output, variant: variant.output, view } };
}

/** The one canonical path of such a script. */
export function formatKexecScriptAddress({ ref, variant, view }: KexecScriptAddress): string {
  return [
    `/kexec${ref === undefined ? '' : `@${ref}`}`,
    variant === undefined ? '' : `/${variant}`,
    '.sh',
    view === 'itself' ? '' : `.${view}`,
  ].join('');
}
