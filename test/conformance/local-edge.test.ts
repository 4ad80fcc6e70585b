import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Ready } from '@nixos-images/local-edge/ready';
import { CATALOG_KEY, parseJson } from '@nixos-images/shared';
import { sampleCatalog, sampleRelease } from '@nixos-images/shared/testing';
import { execa } from 'execa';
import { S3Bucket } from 'nixos-images/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** Starts `nixos-images-edge serve` with its bucket in a folder. */
function serve(state: string, ...options: string[]) {
  return execa('nixos-images-edge', ['serve', '--state', state, ...options], { preferLocal: true, reject: false });
}

async function firstLine(child: ReturnType<typeof serve>): Promise<string> {
  for await (const line of createInterface({ input: child.stdout })) return line;
  return '';
}

describe('nixos-images-edge serve', () => {
  let state: string;
  beforeEach(async () => {
    state = await mkdtemp(join(tmpdir(), 'nixos-images-edge-'));
  });
  afterEach(() => rm(state, { recursive: true }));

  it('says in one line of JSON where it serves and how its bucket is written to, until SIGTERM', async () => {
    const child = serve(state, '--port', '0', '--json');
    const { url, s3 } = parseJson(Ready, await firstLine(child), 'the line');
    const bucket = new S3Bucket(s3.bucket, {
      endpoint: new URL(s3.endpoint),
      region: s3.region,
      credentials: { ...s3, sessionToken: undefined },
    });
    const { manifest } = await sampleRelease({
      version: '26.05.20260820.e17386d',
      channel: 'nixos-26.05',
      size: 4096,
      published: '2026-08-20T04:05:06.000Z',
    });
    await bucket.write(CATALOG_KEY, new TextDecoder().decode(sampleCatalog([manifest]).bytes), {
      contentType: 'application/json',
      cacheControl: 'no-cache',
    });
    const answer = await fetch(`${url}/kexec/x86_64.json`);
    expect(await answer.json()).toMatchObject({ version: manifest.version });
    child.kill('SIGTERM');
    const { exitCode, stdout } = await child;
    expect(exitCode).toBe(143);
    expect(stdout.split('\n')).toHaveLength(1);
  });

  it('says it in two words without --json', async () => {
    const child = serve(state, '--port', '0');
    const line = await firstLine(child);
    expect(line).toMatch(/^serving on http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(`${line.slice('serving on '.length)}/healthz`)).status).toBe(503);
    child.kill('SIGINT');
    expect((await child).exitCode).toBe(130);
  });
});
