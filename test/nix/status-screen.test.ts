import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import jsQR from 'jsqr';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildStatusScreen, FactsFile, Terminal } from './status-screen.ts';

let program: string;
beforeAll(async () => {
  program = await buildStatusScreen();
});

const COMMON = `hostname nixos-installer
password bcdf-ghjk-nprs
onion duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion
address enp1s0 192.0.2.7
address enp1s0 2001:db8::a11:7
unplugged wlan0
host-key ED25519 SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDIDrBfzGf6GZeC8Cg
host-key RSA SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8
`;
const NO_NETWORK = 'hostname nixos-installer\npassword bcdf-ghjk-nprs\nunplugged enp1s0\n';
const MANY = Array.from({ length: 40 }, (_, port) => `address port${port} 198.51.100.${port + 1}`).join('\n');

/** A cable with two ends, port0 and port1. */
const PORT = ['link', 'add', 'port0', 'type', 'veth', 'peer', 'name', 'port1'];

/** Whether this machine lets us make a network of our own (root, outside of most containers). */
const canMakeNetworks = (await execa('unshare', ['--net', 'ip', ...PORT], { reject: false })).exitCode === 0;

const keys = ['--shell', 'sh', '--wifi', 'iwctl'];

async function once(facts: string, columns: number, rows: number): Promise<string> {
  await using file = await FactsFile.make(facts);
  const size = ['--columns', `${columns}`, '--rows', `${rows}`];
  return (await execa(program, ['--once', '--facts', file.path, ...size, ...keys])).stdout;
}

/** Reads the QR code off a screen the way a phone does. */
function scan(screen: string): string | undefined {
  const rows = screen.split('\n');
  const left = rows[0]?.indexOf('█') ?? -1;
  if (left < 0) return undefined;
  const scale = 4;
  const cells = rows.map((row) => row.slice(left));
  const columns = cells[0]?.length ?? 0;
  const light = (x: number, y: number): boolean => {
    const cell = cells[Math.floor(y / 2)]?.[x] ?? ' ';
    return cell === '█' || cell === (y % 2 === 0 ? '▀' : '▄');
  };
  const pixels = new Uint8ClampedArray(columns * scale * columns * scale * 4);
  for (let y = 0; y < columns * scale; y++)
    for (let x = 0; x < columns * scale; x++) {
      const shade = light(Math.floor(x / scale), Math.floor(y / scale)) ? 255 : 0;
      pixels.set([shade, shade, shade, 255], (y * columns * scale + x) * 4);
    }
  return jsQR.default(pixels, columns * scale, columns * scale)?.data;
}

describe('one screen', () => {
  it.each([
    ['a 1024 x 768 console', COMMON, 128, 48],
    ['a VGA console', COMMON, 80, 25],
    ['a narrow terminal', COMMON, 40, 12],
    ['a machine without a network', NO_NETWORK, 80, 25],
    ['a machine with nothing', '', 80, 25],
    ['a machine with more addresses than lines', MANY, 60, 12],
  ])('on %s is as reviewed', async (name, facts, columns, rows) => {
    await expect(`${await once(facts, columns, rows)}\n`).toMatchFileSnapshot(`golden/screen, ${name}.txt`);
  });

  it('never has more lines or columns than the terminal', async () => {
    const word = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 90 });
    const size = { columns: fc.integer({ min: 1, max: 200 }), rows: fc.integer({ min: 1, max: 60 }) };
    const facts = fc.array(
      fc.tuple(fc.constantFrom('address eth0', 'onion', 'hostname', 'host-key RSA', 'password', 'unplugged'), word),
    );
    await fc.assert(
      fc.asyncProperty(fc.record({ ...size, facts }), async ({ columns, rows, facts }) => {
        const lines = (await once(facts.map((pair) => pair.join(' ')).join('\n'), columns, rows)).split('\n');
        expect(lines.length).toBeLessThanOrEqual(rows);
        expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(columns);
      }),
      { numRuns: 60 },
    );
  });

  it('shows no letter that a terminal would take for a command', async () => {
    const screen = await once('hostname a\u001b[2Jb\npassword \u009b31m\naddress eth0 \u0007\n', 60, 20);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(screen).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    expect(screen).toContain('a?[2Jb');
  });
});

describe('the QR code', () => {
  it('is the JSON of everything, where there is room', async () => {
    const data = scan(await once(COMMON, 128, 48));
    expect(JSON.parse(data ?? 'null')).toEqual({
      pass: 'bcdf-ghjk-nprs',
      tor: 'duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion',
      addrs: ['192.0.2.7', '2001:db8::a11:7'],
      host: 'nixos-installer',
      keys: [
        'SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDIDrBfzGf6GZeC8Cg',
        'SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8',
      ],
    });
  });

  it('is smaller on a smaller screen: first without host keys, then without the Tor address', async () => {
    expect(Object.keys(JSON.parse(scan(await once(COMMON, 104, 30)) ?? 'null'))).toEqual(['pass', 'tor', 'addrs']);
    expect(Object.keys(JSON.parse(scan(await once(COMMON, 84, 24)) ?? 'null'))).toEqual(['pass', 'addrs']);
  });

  it('is not there when it would leave no room for text, or when there is nothing to tell', async () => {
    expect(scan(await once(COMMON, 80, 25))).toBeUndefined();
    expect(scan(await once('hostname lonely\n', 128, 48))).toBeUndefined();
  });
});

describe('--json', () => {
  it('is JSON whatever the facts are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary-ascii', maxLength: 60 }), async (password) => {
        await using file = await FactsFile.make(`password ${password.replaceAll(/[\s\0]/g, '_')}\n`);
        const { stdout } = await execa(program, ['--json', '--facts', file.path]);
        expect(Object.keys(JSON.parse(stdout))).toEqual(['pass', 'tor', 'addrs', 'host', 'keys']);
      }),
      { numRuns: 40 },
    );
  });

  it("has this machine's own name, host keys, password and onion address", async () => {
    const folder = await mkdtemp(join(tmpdir(), 'machine-'));
    try {
      await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'ssh_host_ed25519_key')]);
      await writeFile(join(folder, 'password'), 'kkkk-jjjj-hhhh\nmore\n');
      const fingerprint = (await execa('ssh-keygen', ['-lf', join(folder, 'ssh_host_ed25519_key.pub')])).stdout.split(
        ' ',
      )[1];
      const sources = [
        '--host-keys',
        folder,
        '--password-file',
        join(folder, 'password'),
        '--onion-file',
        join(folder, 'none'),
      ];
      const { stdout } = await execa(program, ['--json', ...sources]);
      const hostname = (await execa('uname', ['-n'])).stdout;
      expect(JSON.parse(stdout)).toMatchObject({
        pass: 'kkkk-jjjj-hhhh',
        tor: '',
        host: hostname,
        keys: [fingerprint],
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('wrong usage', () => {
  it.each([
    [['--colour'], 'status-screen --help'],
    [['--columns', 'many'], "--columns must be a number from 1 to 10000, not 'many'"],
    [['now'], "unexpected argument 'now'"],
  ])('%j ends with 2 and a sentence', async (words, sentence) => {
    const result = await execa(program, words, { reject: false });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain(sentence);
  });
});

describe('in a terminal', () => {
  const start = (facts: FactsFile, columns: number, rows: number) =>
    Terminal.start(
      `${program} --facts ${facts.path} --shell 'echo in the shell; read answer' --wifi 'echo in iwctl; read answer'; echo ended; read end`,
      columns,
      rows,
    );

  it('fills the screen without scrolling, and follows its size', async () => {
    await using facts = await FactsFile.make(COMMON);
    await using terminal = await start(facts, 128, 48);
    const large = await terminal.until((screen) => screen.includes('w: Wi-Fi') && screen.includes('▀▀▀▀▀▀▀▀▀▀▀▀'));
    expect(large.startsWith('NixOS installer')).toBe(true);
    expect(scan(large)).toContain('bcdf-ghjk-nprs');
    await terminal.resize(60, 14);
    const small = await terminal.until((screen) => screen.includes('w: Wi-Fi') && !screen.includes('█'));
    expect(small.startsWith('NixOS installer')).toBe(true);
    await terminal.resize(24, 4);
    await terminal.until((screen) => screen.includes('bcdf-ghjk-nprs') && screen.trimEnd().split('\n').length <= 4);
    await terminal.resize(128, 48);
    await terminal.until((screen) => screen === large);
  });

  it('shows a new address as soon as there is one', async () => {
    await using facts = await FactsFile.make(NO_NETWORK);
    await using terminal = await start(facts, 80, 25);
    await terminal.until((screen) => screen.includes('enp1s0  no cable or network'));
    await facts.change(`${NO_NETWORK.replace('unplugged enp1s0', 'address enp1s0 192.0.2.9')}`);
    await terminal.until((screen) => screen.includes('ssh root@192.0.2.9') && !screen.includes('no cable'));
  });

  it.skipIf(!canMakeNetworks)("follows this machine's network", async () => {
    // A network namespace of its own, which a second shell can enter.
    const folder = await mkdtemp(join(tmpdir(), 'network-'));
    try {
      const inside = `echo $$ >${folder}/pid; exec ${program} --onion-file ${folder}/none --password-file ${folder}/none`;
      await using terminal = await Terminal.start(`unshare --net sh -c '${inside}'`, 80, 25);
      await terminal.until((screen) => screen.includes('no network interface was found'));
      const pid = (await readFile(join(folder, 'pid'), 'utf8')).trim();
      const ip = (...words: string[]) => execa('nsenter', ['--target', pid, '--net', 'ip', ...words]);
      await ip(...PORT);
      await terminal.until((screen) => screen.includes('port0  no cable or network'));
      await ip('address', 'add', '192.0.2.9/24', 'dev', 'port0');
      await ip('link', 'set', 'port0', 'up');
      await ip('link', 'set', 'port1', 'up');
      await terminal.until((screen) => screen.includes('ssh root@192.0.2.9'));
      await ip('link', 'delete', 'port0');
      await terminal.until((screen) => screen.includes('no network interface was found'));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('gives way to a shell on Enter and to iwctl on w, and comes back', async () => {
    await using facts = await FactsFile.make(COMMON);
    await using terminal = await start(facts, 80, 25);
    for (const [key, sign] of [
      ['Enter', 'in the shell'],
      ['w', 'in iwctl'],
    ] as const) {
      await terminal.until((screen) => screen.includes('Enter: shell'));
      await terminal.type(key);
      await terminal.until((screen) => screen.includes(sign) && !screen.includes('Enter: shell'));
      await terminal.type('Enter');
    }
    await terminal.until((screen) => screen.includes('Enter: shell'));
  });

  it('leaves the terminal as it was on Ctrl-C', async () => {
    await using facts = await FactsFile.make(COMMON);
    await using terminal = await start(facts, 80, 25);
    await terminal.until((screen) => screen.includes('Enter: shell'));
    await terminal.type('C-c');
    await terminal.until((screen) => screen.startsWith('ended'));
    await terminal.type('typed');
    await terminal.until((screen) => screen.includes('typed'));
  });

  it('ends when its terminal is gone', async () => {
    await using facts = await FactsFile.make(COMMON);
    await using terminal = await Terminal.start(`exec ${program} --facts ${facts.path}`, 80, 25);
    await terminal.until((screen) => screen.includes('Password'));
    const pid = await terminal.pid();
    await terminal.hangUp();
    await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 60_000 }).toBe(false);
  });
});
