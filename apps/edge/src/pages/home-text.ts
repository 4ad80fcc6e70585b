import type { Arch, Kind } from '@nixos-images/shared';
import type { Site } from './site.ts';

/** The command that puts an image to use, for a terminal. */
export function commandFor(kind: Kind, arch: Arch, origin: string): string {
  switch (kind) {
    case 'kexec':
      return `curl ${origin}/kexec/${arch} | tar -xz -C /root && /root/kexec/run`;
    case 'iso':
      return `wget ${origin}/iso/${arch}.iso`;
    case 'netboot':
      return `chain ${origin}/netboot/${arch}.ipxe`;
  }
}

const TITLES: Readonly<Record<Kind, string>> = {
  kexec: 'Turn the running Linux machine into a NixOS installer, as root',
  iso: 'Download an ISO, for a CD or USB stick',
  netboot: 'Boot from the network, at the iPXE prompt',
};

/** What kind an image is for, in a sentence. */
export function titleOf(kind: Kind): string {
  return TITLES[kind];
}

export const SMOKE_NOTICE =
  'SMOKE IMAGES: these stand in for NixOS to test this server. They are a small Linux that installs nothing.';

/** The front page for a terminal: what to type. */
export function homeText(site: Site): string {
  const { origin, lines, channels, smoke } = site;
  const http = origin.replace(/^https:/, 'http:');
  const published = lines.filter(({ images }) => images.length > 0);
  return [
    'NixOS installer images',
    ...(smoke ? ['', SMOKE_NOTICE] : []),
    ...published.flatMap(({ kind, images }) => [
      '',
      `${titleOf(kind)}:`,
      ...(kind === 'netboot' ? [`  chain ${http}/boot.ipxe`] : []),
      ...images.map(({ arch }) => `  ${commandFor(kind, arch, kind === 'netboot' ? http : origin)}`),
    ]),
    '',
    'Another channel or release: put @ and its name behind the kind, as in /kexec@unstable/x86_64.',
    ...channels.map(
      ({ channel, aliases, manifest, frozen }) =>
        `  ${channel.padEnd(16)} ${manifest.version}  @${aliases.join(' @')}${frozen === undefined ? '' : `  (${frozen})`}`,
    ),
    '',
    'Add .sha256, .minisig or .json to an address for its checksum, signature and facts.',
    `All releases: ${origin}/releases/   For programs: ${origin}/openapi.json`,
    '',
  ].join('\n');
}
