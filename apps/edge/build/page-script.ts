import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

/** The script of the front page, in one line of text, made of browser/page.ts. */
export async function pageScript(): Promise<string> {
  const { output } = await build({
    input: fileURLToPath(new URL('../browser/page.ts', import.meta.url)),
    platform: 'browser',
    write: false,
    output: { format: 'iife', minify: true, comments: false },
  });
  const text = output[0].code.trim();
  // It stands between the tags of an HTML page.
  if (/<\/script|<!--/i.test(text)) throw new Error('the script of the page has an end of a script in it');
  return text;
}
