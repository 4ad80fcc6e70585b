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

/** The smoke images in a local bucket: what `script/server` serves and the tests boot. */
export default defineConfig({
  bucket: {
    endpoint: variable('BUCKET_ENDPOINT', 'http://127.0.0.1:8787/cdn-cgi/local/r2/s3'),
    name: variable('BUCKET_NAME', 'nixos-images'),
  },
  state: variable('BUILDER_STATE', `${import.meta.dirname}/../../.state/builder`),
  channels: { 'nixos-26.05': channel, 'nixos-unstable': channel },
});
