import { html, raw } from 'hono/html';

/** What every page says that tells of images which are none of NixOS. */
export const SMOKE_NOTICE =
  'SMOKE IMAGES: these stand in for NixOS to test this server. They are a small Linux that installs nothing.';

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

/** The one style sheet, written into each page. */
const STYLE = `
:root{color-scheme:light dark;--ink:#1d2733;--soft:#5a6a7c;--line:#d8dfe7;--paper:#fff;--well:#f3f6f9;--accent:#2f5fa8;--warn:#7a4b00;--warnbg:#fff4dd}
@media (prefers-color-scheme:dark){:root{--ink:#e3e9f0;--soft:#9aa9ba;--line:#2c3846;--paper:#12181f;--well:#1a222c;--accent:#8db7f5;--warn:#ffd88a;--warnbg:#33270d}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{max-width:52rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .5rem;overflow-wrap:anywhere}
h2{font-size:1.05rem;margin:2.25rem 0 .5rem}
p{margin:.4rem 0}
a{color:var(--accent)}
.soft{color:var(--soft)}
.warn{background:var(--warnbg);color:var(--warn);padding:.7rem 1rem;border-radius:.5rem;margin:1rem 0}
pre{background:var(--well);border:1px solid var(--line);border-radius:.5rem;padding:.7rem .9rem;margin:.4rem 0;white-space:pre-wrap;overflow-wrap:anywhere;font:.86rem/1.5 ui-monospace,monospace}
code{font:.9em ui-monospace,monospace}
.table{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.93rem}
th{text-align:left;font-weight:600;color:var(--soft)}
th,td{padding:.4rem .9rem .4rem 0;border-bottom:1px solid var(--line);vertical-align:top;white-space:nowrap}
th.num,td.num{text-align:right;padding-right:0;font-variant-numeric:tabular-nums}
td .soft{white-space:normal}
@media (max-width:40rem){thead{display:none}tr{display:block;padding:.45rem 0;border-bottom:1px solid var(--line)}td,td.num{display:block;padding:0;border:0;text-align:left;white-space:normal;overflow-wrap:anywhere}td.num{color:var(--soft)}}
`;
