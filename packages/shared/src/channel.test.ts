import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { aliasesOf, Channel, channelOf, newestStable } from './channel.ts';

const channels = ['nixos-unstable', 'nixos-25.11', 'nixos-26.05'].map((name) => v.parse(Channel, name));

describe('channelOf', () => {
  it.each([
    ['latest', 'nixos-26.05'],
    ['stable', 'nixos-26.05'],
    ['unstable', 'nixos-unstable'],
    ['25.11', 'nixos-25.11'],
    ['nixos-25.11', 'nixos-25.11'],
  ])('resolves %s to %s', (name, channel) => {
    expect(channelOf(name, channels)).toBe(channel);
  });

  it.each(['', 'nixos-', '26.11', 'Latest', 'nixos-latest'])('does not know %j', (name) => {
    expect(channelOf(name, channels)).toBeUndefined();
  });

  it('resolves every alias that it offers', () => {
    for (const alias of aliasesOf(channels)) expect(channelOf(alias, channels)).toBeDefined();
  });
});

describe('newestStable', () => {
  it('never takes unstable for stable', () => {
    expect(newestStable([v.parse(Channel, 'nixos-unstable')])).toBeUndefined();
  });
});
