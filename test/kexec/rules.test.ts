import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import * as v from 'valibot';
import { expect, it } from 'vitest';

const scripts = join(import.meta.dirname, '../../nix/kexec');

const number = (min: number, max: number) => fc.integer({ min, max });
const span = (max: number) =>
  fc
    .tuple(number(1, max), number(0, 9))
    .map(([from, more]) => (more === 0 ? `${from}` : `${from}-${Math.min(from + more, max)}`));
const prefix4 = fc
  .tuple(number(1, 223), number(0, 255), number(8, 32))
  .map(([a, b, length]) => (length < 16 ? `${a}.0.0.0/8` : `${a}.${b}.0.0/${length}`));
const prefix6 = fc
  .tuple(number(1, 0xfff), number(32, 128))
  .map(([group, length]) => `2001:${group.toString(16)}::/${length}`);
const option = (word: string, value: fc.Arbitrary<string | number>) =>
  fc.option(
    value.map((given) => `${word} ${given}`),
    { nil: '' },
  );

/** A rule in the words of `ip rule add`, without its priority. */
function rule(prefix: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.constantFrom('', '', 'not'),
      option('from', prefix),
      option('to', prefix),
      option('tos', fc.constantFrom('0x10', '0x8')),
      option('fwmark', fc.constantFrom('1', '0x2/0xff', '0xca6c')),
      option('iif', fc.constantFrom('lo', 'eth0', 'not-there')),
      option('oif', fc.constantFrom('eth0', 'not-there')),
      option(
        'uidrange',
        span(5000).map((uids) => (uids.includes('-') ? uids : `${uids}-${uids}`)),
      ),
      fc.oneof(
        fc.constantFrom('', 'ipproto icmp', 'ipproto 99'),
        fc
          .tuple(fc.constantFrom('tcp', 'udp', 'sctp'), option('sport', span(65535)), option('dport', span(65535)))
          .map(([protocol, ...ports]) => ['ipproto', protocol, ...ports].join(' ')),
      ),
      option('tun_id', number(1, 99)),
      fc.constantFrom(
        'lookup main',
        'lookup 200',
        'lookup 4000000000',
        'lookup 200 suppress_prefixlength 0',
        'lookup 200 suppress_ifgroup 5',
        'lookup 200 realms 4/5',
        'goto 32766',
        'goto 31000',
        'blackhole',
        'unreachable',
        'prohibit',
        'nop',
      ),
    )
    .map((words) => words.filter((word) => word !== '').join(' '));
}

const Rules = v.array(v.looseObject({ priority: v.number() }));
const Dumps = v.object({ before: Rules, after: Rules, left: v.array(v.string()) });

// Makes the rules in one network namespace, saves them, and restores them in another.
const TRIP = `
set -eu
rules=$1 scripts=$2 family=$3 unknown=$4
save() { ip -json -N "-$family" rule show; }
ip "-$family" -force -batch "$rules" 2>/dev/null || :
# One that a newer kernel could have, on every third.
save | jq -c --argjson unknown "$unknown" 'if $unknown then to_entries | map(.value + (if .key % 3 == 2 and .value.priority < 30000 then { not_known_yet: .key } else {} end)) else . end' >rules.json
jq -c --arg name "rules$family" '{($name): ., links: [], routes4: [], routes6: []}' rules.json |
  jq -c -L "$scripts" 'include "network"; network' >model.json
jq -c .left model.json >left.json
jq -r -L "$scripts" --argjson now '[]' --arg for networkd -f "$scripts/commands.jq" model.json | sed -n "s/^ip$family //p" >restored
unshare --net sh -c 'ip "-$1" -batch restored && ip -json -N "-$1" rule show' sh "$family" >after.json
jq -cn --slurpfile before rules.json --slurpfile after after.json --slurpfile left left.json '{before: $before[0], after: $after[0], left: $left[0]}'
`;

async function restored(
  words: readonly string[],
  family: 4 | 6,
  unknown: boolean,
): Promise<v.InferOutput<typeof Dumps>> {
  const folder = await mkdtemp(join(tmpdir(), 'rules-'));
  try {
    const batch = words.map((text, index) => `rule add ${text} priority ${index + 100}\n`).join('');
    await writeFile(join(folder, 'batch'), batch);
    const { stdout } = await execa(
      'unshare',
      [
        ...(process.getuid?.() === 0 ? [] : ['--map-root-user']),
        '--net',
        'sh',
        '-c',
        TRIP,
        'sh',
        join(folder, 'batch'),
        scripts,
        `${family}`,
        `${unknown}`,
      ],
      { cwd: folder },
    );
    return v.parse(Dumps, JSON.parse(stdout));
  } finally {
    await rm(folder, { recursive: true });
  }
}

// What the kernel prints of a rule is all that it matches by, so a restored one that prints the same matches the same packets.
it.each([
  [4, prefix4],
  [6, prefix6],
] as const)(
  'every IPv%i rule comes back as it was, in the words of the kernel, or is left behind and said',
  async (family, prefix) => {
    let made = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(rule(prefix), { minLength: 20, maxLength: 40 }),
        fc.boolean(),
        async (words, unknown) => {
          const { before, after, left } = await restored(words, family, unknown);
          made += before.length;
          const known = before.filter((saved) => !('not_known_yet' in saved));
          expect(after).toEqual(known);
          expect(left).toHaveLength(before.length - known.length);
        },
      ),
      { numRuns: 12 },
    );
    // The kernel takes enough of what is made up here for this to mean something.
    expect(made).toBeGreaterThan(150);
  },
  180_000,
);
