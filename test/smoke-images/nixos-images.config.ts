import { defineConfig } from 'nixos-images';

function variable(name: string, instead: string): string {
  return process.env[name] || instead;
}

const arches: ('x86_64' | 'aarch64')[] = variable('SMOKE_ARCHES', 'x86_64')
  .split(',')
  .map((arch) => (arch === 'aarch64' ? 'aarch64' : 'x86_64'));

const channel = {
  // The folder that `test/smoke-images/prepare` filled.
  flake: `path:${variable('SMOKE_FLAKE', `${import.meta.dirname}/../../.state/smoke-images`)}`,
  images: [
    { kind: 'kexec' as const, arches },
    { kind: 'iso' as const, arches },
    { kind: 'netboot' as const, arches },
    { kind: 'ipxe' as const, arches },
  ],
};

// Made for one channel and architecture, to be tested (flake.nix).
const leanArches = arches.filter((arch) => arch === 'x86_64');
const lean = ['kexec' as const, 'netboot' as const].map((kind) => ({ kind, variant: 'lean', arches: leanArches }));
const withLean = { ...channel, images: [...channel.images, ...(leanArches.length > 0 ? lean : [])] };

/** The smoke images in a local bucket: what `script/server` serves and the tests boot. */
export default defineConfig({
  bucket: {
    endpoint: variable('BUCKET_ENDPOINT', 'http://127.0.0.1:8787/cdn-cgi/local/r2/s3'),
    name: variable('BUCKET_NAME', 'nixos-images'),
  },
  state: variable('BUILDER_STATE', `${import.meta.dirname}/../../.state/builder`),
  channels: { 'nixos-26.05': withLean, 'nixos-unstable': channel },
});
