import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { account, NO_CUSTOMISATION } from './customisation.ts';
import { addressArea, MenuAddress, menuAddress } from './menu-address.ts';

const alice = { ...NO_CUSTOMISATION, accounts: [account('github', 'alice')] };

describe('the address of a menu', () => {
  it('is over plain HTTP, because few iPXEs can talk to the certificates of today', () => {
    expect(menuAddress('https://images.example.org')).toBe('http://images.example.org/boot.ipxe');
    expect(menuAddress('http://10.0.2.2:8787', alice)).toBe('http://10.0.2.2:8787/with/github:alice/boot.ipxe');
  });

  it.each([
    'http://a/b c',
    'http://a/b\nreboot',
    `http://a/${'$'}{net0/ip}`,
    'http://a/b||reboot',
    'ftp://a/b',
    'http://a/#b',
  ])('is nothing that is more to iPXE than characters, such as %j', (text) => {
    expect(v.is(MenuAddress, text)).toBe(false);
  });
});

describe('an area for an address', () => {
  it('is filled to its length with blanks, or too short', () => {
    fc.assert(
      fc.property(fc.nat(80), (length) => {
        const area = addressArea('http://images.example.org/boot.ipxe', length);
        if (length < 35) expect(area).toBeUndefined();
        else expect(new TextDecoder().decode(area)).toBe('http://images.example.org/boot.ipxe'.padEnd(length));
      }),
    );
  });
});
