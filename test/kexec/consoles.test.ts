import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Machine } from './machine.ts';

it.each([
  ['come after those of the image', 'quiet', 'a console=ttyS1,9600', 'quiet console=ttyS1,9600'],
  [
    'are not repeated, as from installer to installer',
    'init=/x console=tty0 console=ttyS0,115200 panic=30',
    'init=/x console=tty0 console=ttyS0,115200 panic=30 console=tty0 console=ttyS0,115200',
    'init=/x panic=30 console=tty0 console=ttyS0,115200',
  ],
  [
    'have the speed that they have now',
    'console=tty0 console=ttyS0,115200',
    'console=ttyS0,9600',
    'console=tty0 console=ttyS0,9600',
  ],
])('the consoles of the machine %s', async (_, image, host, expected) => {
  await using machine = await Machine.make();
  await writeFile(join(machine.kexec, 'image.conf'), `arch=x86_64\ncmdline=${image}\nunpacked=4096\n`);
  await writeFile(join(machine.folder, 'cmdline'), `${host}\n`);
  const { stdout } = await machine.run(['--dry-run', '--force'], 'mount --bind "$1/cmdline" /proc/cmdline');
  expect(stdout).toContain(`kernel command line: ${expected}\n`);
});
