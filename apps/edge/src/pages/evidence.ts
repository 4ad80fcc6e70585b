import { type BootPath, type BootRecord, type Image, isSameImage, type Version } from '@nixos-images/shared';
import { html } from 'hono/html';
import { findBootRecord, type ReadObject } from '../objects.ts';
import type { Html } from './layout.ts';

/** The bucket cannot say just now. */
export type Unreadable = 'unreadable';

/** The boot record of a release; undefined as long as there is none. */
export type Evidence = BootRecord | Unreadable | undefined;

/** Reads the boot record of a release. */
export function evidenceOf(version: Version, read: ReadObject): Promise<Evidence> {
  return findBootRecord(version, read).catch(() => 'unreadable');
}

const PATH_WORDS: Readonly<Record<BootPath, string>> = {
  kexec: 'From a running Linux',
  'netboot-bios': 'Network, BIOS',
  'netboot-uefi': 'Network, UEFI',
  'netboot-uefi-http': 'Network, UEFI by itself',
  'iso-bios-cd': 'CD, BIOS',
  'iso-bios-usb': 'USB stick, BIOS',
  'iso-uefi-cd': 'CD, UEFI',
  'iso-uefi-usb': 'USB stick, UEFI',
};

/** Which machines an image was booted on before its release was promoted, and in how many seconds. */
export function evidence(boot: Evidence, image: Image): Html {
  if (boot === 'unreadable') return html`<p class="hint">They cannot be read just now.</p>`;
  if (boot === undefined) return html`<p class="hint">None has run yet.</p>`;
  if (boot.gate === 'skipped')
    return html`<p class="hint">None ran. The release was promoted without: ${boot.reason}</p>`;
  const tests = boot.tests.filter((test) => isSameImage(test, image));
  if (tests.length === 0) return html`<p class="hint">None of this image.</p>`;
  return html`<ul class="tests">${tests.map(
    (test) =>
      html`<li class="${test.outcome}"><span>${PATH_WORDS[test.path]}</span> <span>${
        test.outcome === 'booted'
          ? `booted in ${Math.round(test.seconds)} s`
          : `${test.outcome === 'failed' ? 'failed' : 'not tried'}: ${test.reason}`
      }</span></li>`,
  )}</ul>`;
}
