import { html, raw } from 'hono/html';
import { STYLE } from './style.ts';

type Html = ReturnType<typeof html>;

/** A whole page around its content: no script, no asset from anywhere else. */
export function layout(title: string, content: Html): Html {
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
<main>
${content}
</main>
</body>
</html>
`;
}
