import { defineConfig } from 'nixos-images';

function optional(name: string): string | undefined {
  return process.env[name] || undefined;
}

function variable(name: string): string {
  const value = optional(name);
  if (value !== undefined) return value;
  throw new Error(`the environment variable ${name} is not set (docs/operate/release.md says which are needed)`);
}

const channel = {
  flake: '.',
  images: [
    { kind: 'kexec' as const },
    { kind: 'kexec' as const, variant: 'low-memory' },
    { kind: 'iso' as const },
    { kind: 'netboot' as const },
    { kind: 'netboot' as const, variant: 'noninteractive' },
    { kind: 'ipxe' as const },
  ],
};
const mirror = optional('MIRROR_REPOSITORY');
const edge = optional('EDGE_URL');

/** What the weekly run releases, and where to: `nixos-images release` reads this file. */
export default defineConfig({
  bucket: { endpoint: variable('BUCKET_ENDPOINT'), name: variable('BUCKET_NAME') },
  ...(edge !== undefined && { edge }),
  channels: { 'nixos-26.05': channel, 'nixos-unstable': channel },
  ...(mirror !== undefined && { mirror: { repository: mirror, rolling: true } }),
});
