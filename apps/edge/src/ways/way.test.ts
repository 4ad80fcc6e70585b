import { type Customisation, parseCustomisation, Ref } from '@nixos-images/shared';
import { sampleRelease } from '@nixos-images/shared/testing';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { type Goal, HAVES, kindFor, NAMELESS, serverAt, stepsTo, WAYS } from './way.ts';

const { manifest } = await sampleRelease({
  version: '26.05.20260820.e17386d',
  channel: 'nixos-26.05',
  size: 8192,
  published: '2026-08-20T00:00:00.000Z',
  variants: ['low-memory', 'lean'],
});

function goal(kind: Goal['image']['kind'], changed: Partial<Goal> & { readonly variant?: string } = {}): Goal {
  const { variant, ...rest } = changed;
  const image = manifest.images.find(
    (image) => image.kind === kind && image.arch === 'x86_64' && (variant === undefined || image.variant === variant),
  );
  if (image === undefined) throw new Error(`the sample has no ${kind} ${variant}`);
  return {
    manifest,
    image,
    ref: undefined,
    customisation: undefined,
    server: serverAt('https://images.example.org'),
    ...rest,
  };
}

function customisation(text: string): Customisation {
  const parsed = parseCustomisation(text);
  if (!parsed.ok) throw new Error(parsed.why);
  return parsed.customisation;
}

const lineOf = (name: string, to: Goal) => stepsTo(to).find(({ way }) => way.name === name)?.line;

describe('the ways in', () => {
  it('begin at everything that somebody may have', () => {
    for (const have of HAVES)
      expect([have, stepsTo(goal(kindFor(have))).some(({ way }) => way.have === have)]).toEqual([have, true]);
    expect(new Set(WAYS.map(({ name }) => name)).size).toBe(WAYS.length);
  });

  it('name what is not meant anyway, and nothing else', () => {
    expect(lineOf('kexec-script', goal('kexec'))).toBe('curl -L https://images.example.org/kexec.sh | sh');
    const unstable = {
      ref: v.parse(Ref, 'unstable'),
      variant: 'low-memory',
      customisation: customisation('github:alice'),
    };
    expect(lineOf('kexec-script', goal('kexec', unstable))).toBe(
      'curl -L https://images.example.org/with/github:alice/kexec@unstable/low-memory.sh | sh',
    );
  });

  it('leave a server nameless that does not know its own name', () => {
    const to = { server: NAMELESS };
    expect(lineOf('kexec-script', goal('kexec', to))).toBe('curl -L {origin}/kexec.sh | sh');
    expect(lineOf('ipxe-menu', goal('netboot', to))).toBe('chain http://{host}/boot.ipxe');
    expect(lineOf('grub', goal('netboot', to))).toContain('linux (http,{host})/');
  });

  it('tell a lean tarball where its store is, by the same ref', () => {
    const store = 'https://images.example.org/kexec@unstable/x86_64/lean/store';
    const lean = goal('kexec', { ref: v.parse(Ref, 'unstable'), variant: 'lean' });
    expect(lineOf('kexec-tarball', lean)).toBe(
      `curl https://images.example.org/kexec@unstable/x86_64/lean.tar.gz | tar -xz -C /root && /root/kexec/run --store-url ${store}`,
    );
    expect(lineOf('nixos-anywhere', lean)).toContain(` --kexec-extra-flags --store-url=${store} `);
    expect(lineOf('kexec-tarball', goal('kexec'))).not.toContain('store');
  });

  it('go by plain HTTP where what follows them may have no TLS', () => {
    expect(lineOf('ipxe-chain', goal('netboot'))).toBe('chain http://images.example.org/netboot/x86_64.ipxe');
  });

  it('name one release where kernel and initrd are two downloads, with what a customisation adds behind', () => {
    const lines = lineOf(
      'grub',
      goal('netboot', { customisation: customisation(`github:alice,cmdline:${btoa('quiet a={1;2}')}`) }),
    );
    const pinned = '(http,images.example.org)/netboot@26.05.20260820.e17386d/x86_64/interactive';
    expect(lines).toContain(`linux ${pinned}/kernel init=/init console=ttyS0,115200 console=tty0 quiet 'a={1;2}'\n`);
    expect(lines).toMatch(
      /\ninitrd \S+\/initrd \(http,images.example.org\)\/with\/github:alice,cmdline:\S+\/customisation$/,
    );
  });
});
