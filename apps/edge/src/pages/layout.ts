import { html, raw } from 'hono/html';
import { STYLE } from './style.ts';

/** What every page says that tells of images which are none of NixOS. */
export const SMOKE_NOTICE =
  'SMOKE IMAGES: these stand in for NixOS to test this server. They are a small Linux that installs nothing.';

export type Html = ReturnType<typeof html>;

/** The script of the front page, as text; build/page-script.ts makes it of browser/. */
declare const PAGE_SCRIPT: string;

/** A whole page around its content: nothing is loaded from anywhere, and what runs is written into it. */
export function layout(
  title: string,
  content: Html,
  script: 'with-script' | 'without-script' = 'without-script',
): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="alternate" type="application/atom+xml" title="Releases" href="/feed.atom">
<link rel="icon" href="data:,">
<style>${raw(STYLE)}</style>
</head>
<body>
<header class="top"><a class="brand" href="/">nixos-images</a><nav aria-label="Site"><a href="/releases/">Releases</a><a href="/feed.atom">Feed</a><a href="/openapi.json">For programs</a></nav></header>
<main>
${content}
</main>
${script === 'with-script' ? html`<script>${raw(PAGE_SCRIPT)}</script>` : ''}
</body>
</html>
`;
}

let policy: Promise<string> | undefined;

/** What a browser may do with a page: run and show what is written into it, and ask this server alone; in nobody's frame. */
export function contentSecurityPolicy(): Promise<string> {
  policy ??= Promise.all([PAGE_SCRIPT, STYLE].map(hashOf)).then(([script, style]) =>
    [
      "default-src 'none'",
      `script-src ${script}`,
      `style-src ${style}`,
      'img-src data:',
      "connect-src 'self'",
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  );
  return policy;
}

async function hashOf(text: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return `'sha256-${btoa(String.fromCharCode(...hash))}'`;
}
