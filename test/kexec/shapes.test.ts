import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readSaved, shapes, shapesFolder } from './shapes.ts';

it.each(shapes)('%s was recorded from a machine that had this network', async (shape) => {
  const script = await readFile(join(shapesFolder, shape, 'network'), 'utf8');
  const saved = JSON.stringify(await readSaved(shape));
  const addresses = [...script.matchAll(/^ip address add ([0-9a-f.:]+)/gm)].map(([, address]) => address);
  expect(addresses.length).toBeGreaterThan(0);
  for (const address of addresses) expect(saved).toContain(`"${address}"`);
});
