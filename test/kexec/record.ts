/**
 * Records the shapes of test/kexec/network anew: boots the small smoke image, sets the network up as `network` says, and keeps
 * what `ip -json` says of it.
 *
 *     node test/kexec/record.ts [SHAPE...]
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { consoleOf, networkOf, prepareSmokeImages, smokeImage } from './network-machine.ts';
import { shapes, shapesFolder } from './shapes.ts';

const wanted = process.argv.slice(2);
await prepareSmokeImages();
const image = await smokeImage('netboot-interactive');
async function record(shape: string): Promise<void> {
  const network = await readFile(join(shapesFolder, shape, 'network'));
  const said = await consoleOf(
    { kernel: join(image, 'kernel'), initrd: join(image, 'initrd') },
    [
      { path: 'smoke', folder: true, mode: 0o755 },
      { path: 'smoke/network', content: network, mode: 0o755 },
    ],
    'nobody',
    300,
  );
  const saved = networkOf(said);
  await writeFile(join(shapesFolder, shape, 'saved.json'), `${JSON.stringify(saved, null, 2)}\n`);
  console.log(`${shape}: ${saved.links.length} links, ${saved.routes4.length + saved.routes6.length} routes`);
}

for (const shape of wanted.length > 0 ? wanted : shapes) await record(shape);
