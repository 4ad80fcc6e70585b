import { html } from 'hono/html';
import { encode } from 'uqr';

/** Modules of white around a code that readers need (ISO/IEC 18004). */
const QUIET = 4;

/** The most bytes whose code a phone still reads from a screen. */
const LONGEST = 1200;

/** A text as a QR code in SVG, black on white on every page; undefined for one that is too long to be read by a phone. */
export function qrCode(text: string, label: string): ReturnType<typeof html> | undefined {
  if (text.length > LONGEST) return undefined;
  const { size, data } = encode(text, { ecc: 'L', border: 0 });
  const all = size + 2 * QUIET;
  return html`<svg class="qr" role="img" aria-label="${label}" viewBox="0 0 ${all} ${all}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${all}v${all}H0z"/><path d="${runs(data)}"/></svg>`;
}

/** One stroke for each run of black modules in a row. */
function runs(rows: readonly (readonly boolean[])[]): string {
  return rows
    .flatMap((row, y) =>
      [
        ...row
          .map((black) => (black ? '1' : '0'))
          .join('')
          .matchAll(/1+/g),
      ].map(({ 0: { length }, index }) => `M${index + QUIET} ${y + QUIET}h${length}v1h-${length}z`),
    )
    .join('');
}
