import { describe, expect, it } from 'vitest';
import { parseSmokeFact, SmokeFacts } from './smoke-facts.ts';

describe('the facts of a smoke image', () => {
  it.each([
    [
      'smoke: kind=kexec arch=x86_64 variant=noninteractive',
      { fact: 'kind', kind: 'kexec', arch: 'x86_64', variant: 'noninteractive' },
    ],
    ['smoke: os ID=nixos VARIANT_ID=installer', { fact: 'os', id: 'nixos', variantId: 'installer' }],
    ['smoke: cmdline console=ttyS0 quiet', { fact: 'cmdline', parameters: ['console=ttyS0', 'quiet'] }],
    ['smoke: machine-id 0123', { fact: 'machine-id', id: '0123' }],
    ['smoke: hostname old', { fact: 'hostname', name: 'old' }],
    ['smoke: host-key ssh-ed25519 SHA256:abc', { fact: 'host-key', type: 'ssh-ed25519', fingerprint: 'SHA256:abc' }],
    [
      'smoke: authorized-key SHA256:abc alice at work',
      { fact: 'authorized-key', fingerprint: 'SHA256:abc', comment: 'alice at work' },
    ],
    [
      'smoke: address eth0 52:54:00:12:34:56 10.0.2.77/24',
      { fact: 'address', link: 'eth0', mac: '52:54:00:12:34:56', address: '10.0.2.77/24' },
    ],
    [
      'smoke: route default via 10.0.2.2 dev eth0 metric 100',
      { fact: 'route', route: 'default via 10.0.2.2 dev eth0 metric 100' },
    ],
    ['smoke: dns 10.0.2.3', { fact: 'dns', server: '10.0.2.3' }],
    ['smoke: customisation key SHA256:abc', { fact: 'customisation', text: 'key SHA256:abc' }],
    ['smoke: missing machine-id', { fact: 'missing', text: 'machine-id' }],
    ['smoke: sshd listening port=22', { fact: 'sshd', port: 22 }],
    ['[    3.14] smoke: ready', { fact: 'ready' }],
  ])('are read from %j', (line, fact) => {
    expect(parseSmokeFact(line)).toEqual(fact);
  });

  it.each(['ready', 'not smoke: ready', 'smoke: ', 'smoke: os ID=nixos', 'smoke: later-invention x'])(
    'are not read from %j',
    (line) => {
      expect(parseSmokeFact(line)).toBeUndefined();
    },
  );

  it('are found by kind among everything else on a console', () => {
    const facts = new SmokeFacts('SeaBIOS\nsmoke: dns 10.0.2.3\nnoise\nsmoke: ready\nsmoke: dns 10.0.2.4\n');
    expect(facts.of('dns').map(({ server }) => server)).toEqual(['10.0.2.3', '10.0.2.4']);
    expect(facts.of('ready')).toHaveLength(1);
  });
});
