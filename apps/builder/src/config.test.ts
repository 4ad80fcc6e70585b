import { describe, expect, it } from 'vitest';
import { parseConfig } from './config.ts';

const image = { kind: 'kexec' };
const configOf = (bucket: object, images: readonly object[] = [image]) => ({
  bucket,
  channels: { 'nixos-26.05': { flake: '.', images } },
});
const read = (exported: unknown) => () => parseConfig(exported, '/config.ts');
const bucket = { endpoint: 'https://account.r2.cloudflarestorage.com', name: 'images' };

describe('a config', () => {
  it.each([
    ['https://account.r2.cloudflarestorage.com/images', 'https://account.r2.cloudflarestorage.com'],
    ['https://account.r2.cloudflarestorage.com/images/', 'https://account.r2.cloudflarestorage.com'],
    ['http://127.0.0.1:8787/cdn-cgi/local/r2/s3/images', 'http://127.0.0.1:8787/cdn-cgi/local/r2/s3'],
  ])("with the bucket's name in the endpoint %s is refused, with the right one", (endpoint, right) => {
    expect(read(configOf({ ...bucket, endpoint }))).toThrow(`the endpoint ends in the bucket's name; it is ${right}.`);
  });

  it.each([
    'https://account.r2.cloudflarestorage.com',
    'http://127.0.0.1:8787/cdn-cgi/local/r2/s3',
    'https://images.example.org/',
    'https://s3.example.org/more-images',
  ])('with the endpoint %s is taken', (endpoint) => {
    expect(read(configOf({ ...bucket, endpoint }))).not.toThrow();
  });

  it.each([
    [[image, image], 'an image twice'],
    [[image, { kind: 'kexec', variant: 'noninteractive' }], 'an image twice'],
    [[{ kind: 'iso', arches: ['x86_64', 'x86_64'] }], 'an architecture twice'],
  ])('that names %j is refused', (images, why) => {
    expect(read(configOf(bucket, images))).toThrow(why);
  });
});
