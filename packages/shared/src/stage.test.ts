import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { Channel } from './channel.ts';
import { channelNamed, latestChannel, namesOf, STAGES, type StagedChannel } from './stage.ts';

const staged = (name: string, stage: StagedChannel['stage'], images = ['iso']) => ({
  channel: v.parse(Channel, name),
  stage,
  images,
});
const hasIso = ({ images }: { images: readonly string[] }) => images.includes('iso');

const channels = [
  staged('nixos-unstable', 'stable'),
  staged('nixos-25.05', 'withdrawn'),
  staged('nixos-25.11', 'frozen'),
  staged('nixos-26.05', 'stable'),
  staged('nixos-26.11', 'beta'),
];

describe('the newest stable channel', () => {
  it('is neither a beta nor unstable, however new they are', () => {
    expect(latestChannel(channels)?.channel).toBe('nixos-26.05');
  });

  it('is one that has what is asked for: a new channel without ISOs takes none away', () => {
    const young = [...channels.slice(0, -1), staged('nixos-26.11', 'stable', ['kexec'])];
    expect(latestChannel(young)?.channel).toBe('nixos-26.11');
    expect(latestChannel(young, hasIso)?.channel).toBe('nixos-26.05');
  });

  it('is a frozen one only where no stable one is left, and never a withdrawn one', () => {
    expect(latestChannel(channels.slice(0, 3))?.channel).toBe('nixos-25.11');
    expect(latestChannel(channels.slice(0, 2))).toBeUndefined();
  });

  it('is never a beta, a withdrawn one, or unstable', () => {
    const entry = fc.record({
      channel: fc.constantFrom(...channels.map(({ channel }) => channel)),
      stage: fc.constantFrom(...STAGES),
    });
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        const latest = latestChannel(entries);
        expect(['beta', 'withdrawn']).not.toContain(latest?.stage);
        expect(latest?.channel).not.toBe('nixos-unstable');
      }),
    );
  });
});

describe('a name', () => {
  it.each([
    ['latest', 'nixos-26.05'],
    ['stable', 'nixos-26.05'],
    ['unstable', 'nixos-unstable'],
    ['26.11', 'nixos-26.11'],
    ['nixos-25.05', 'nixos-25.05'],
  ])('%s means %s', (name, channel) => {
    expect(channelNamed(name, channels)?.channel).toBe(channel);
  });

  it.each(['', 'nixos-', '27.05', 'Latest', 'nixos-latest'])('%j means nothing', (name) => {
    expect(channelNamed(name, channels)).toBeUndefined();
  });

  it('that is offered means a channel, and no withdrawn one is offered', () => {
    const names = namesOf(channels);
    for (const name of names) expect(channelNamed(name, channels)).toBeDefined();
    expect(names).not.toContain('25.05');
  });
});
