import { readdirSync, readFileSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compatibilityDate } from '@nixos-images/edge/compatibility-date';
import { S3Bucket } from 'nixos-images/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { todaysAssets } from '../github/stage.ts';
import { s3CredentialsOf, type Worker } from './local-cloudflare/account.ts';
import type { Operation } from './local-cloudflare/faults.ts';
import { type Stage, setStage } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(async () => {
  await stage.stop();
  expect(stage.cloudflare.differences, 'all was as Cloudflare describes it').toEqual([]);
});

const writes = () => stage.cloudflare.operations.filter(({ method }) => method !== 'GET');
const isUpload = ({ method, path }: Operation) =>
  (method === 'PUT' && path.endsWith('/scripts/nixos-images')) || (method === 'POST' && path.endsWith('/versions'));
const makesBucket = ({ method, path }: Operation) => method === 'POST' && path.endsWith('/r2/buckets');

/** The Worker in the account. */
function deployed(): Worker {
  const worker = stage.account.workers.get('nixos-images');
  if (worker === undefined) throw new Error('there is no Worker in the account');
  return worker;
}

async function expectImagesServed(): Promise<void> {
  const iso = await fetch(`${stage.cloudflare.edgeUrl}/iso@unstable/x86_64.iso`);
  expect(await iso.text()).toBe(todaysAssets('one').get('nixos-installer-x86_64-linux.iso')?.toString());
}

describe('nixos-images setup cloudflare', () => {
  it('makes the bucket, deploys the Worker as wrangler.jsonc says, and serves the images of today', async () => {
    const { code, out, err } = await stage.run(['--json']);
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(JSON.parse(out)).toMatchObject({
      dryRun: false,
      account: stage.account.id,
      bucket: { name: 'nixos-images', endpoint: stage.cloudflare.s3Endpoint, state: 'made' },
      worker: { name: 'nixos-images', state: 'deployed' },
      edge: { url: stage.cloudflare.edgeUrl, answered: 200 },
      releases: [{ channel: 'nixos-unstable', state: 'imported', promotion: { outcome: 'promoted' } }],
      environment: ['BUCKET_ENDPOINT', 'BUCKET_NAME', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
    });
    await expectImagesServed();
    expect(deployed()).toMatchObject({
      compatibilityDate: compatibilityDate(),
      observability: true,
      onWorkersDev: true,
      bindings: expect.arrayContaining([
        { type: 'r2_bucket', name: 'BUCKET', bucket_name: 'nixos-images' },
        { type: 'plain_text', name: 'CUSTOMISATION', text: 'on' },
        { type: 'analytics_engine', name: 'DOWNLOADS', dataset: 'nixos_images' },
      ]),
    });
  });

  it('tells where it serves, what the builder needs and how to undo it', async () => {
    const { out } = await stage.run(['--no-import']);
    expect(out).toContain(`It serves at ${stage.cloudflare.edgeUrl}\n`);
    expect(out).toContain(`export BUCKET_ENDPOINT=${stage.cloudflare.s3Endpoint}\n  export BUCKET_NAME=nixos-images\n`);
    expect(out).toContain('AWS_SECRET_ACCESS_KEY: shown with --show-credentials');
    expect(out).toContain('npx wrangler delete --env production');
    expect(stage.github.operations).toEqual([]);
  });

  it('only looks on a dry run, and says what it would do and where it would serve', async () => {
    const { code, out, err } = await stage.run(['--dry-run'], { tellEdge: false });
    expect(code).toBe(0);
    expect(writes()).toEqual([]);
    expect(err).toContain('bucket nixos-images: would be made\nWorker nixos-images: would be deployed');
    expect(out).toContain('images: would come from nix-community/nixos-images\n');
    expect(out).toContain('It would serve at https://nixos-images.alice.workers.dev\n');
  });

  it('goes on where it was killed, whatever it had just done', async () => {
    const points: ((operation: Operation) => boolean)[] = [
      makesBucket,
      isUpload,
      ({ method, path }) => method === 'POST' && path.endsWith('/nixos-images/subdomain'),
    ];
    for (const isPoint of points) {
      const kill = new AbortController();
      stage.cloudflare.onDone = (operation) => {
        if (isPoint(operation)) kill.abort();
      };
      expect((await stage.run([], { signal: kill.signal })).code).not.toBe(0);
      expect(kill.signal.aborted).toBe(true);
    }
    stage.cloudflare.onDone = () => {};
    const { code, out, err } = await stage.run(['--json']);
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(JSON.parse(out)).toMatchObject({ bucket: { state: 'there' }, worker: { state: 'deployed-anew' } });
    expect(stage.cloudflare.operations.filter(makesBucket)).toHaveLength(1);
    await expectImagesServed();
    const again = await stage.run(['--json']);
    expect(JSON.parse(again.out).releases).toMatchObject([
      { created: false, downloadedBytes: 0, promotion: { outcome: 'already-there' } },
    ]);
  });

  it('rides out a lost answer, a busy API and a broken one', async () => {
    const { faults } = stage.cloudflare;
    faults.plan({ kind: 'rate-limit', retryAfter: 1 }, ({ path }) => path.endsWith('/verify'));
    faults.plan({ kind: 'server-error', status: 503 }, ({ path }) => path.endsWith('/settings'));
    faults.plan({ kind: 'cut' }, ({ path }) => path.endsWith('/r2/buckets/nixos-images'));
    faults.plan({ kind: 'cut-after' }, makesBucket);
    const { code, err } = await stage.run(['--no-import']);
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(stage.account.workers.has('nixos-images')).toBe(true);
  });

  it('says that Cloudflare is at fault when it stays so', async () => {
    stage.cloudflare.faults.plan({ kind: 'server-error', status: 500 }, ({ path }) => path.endsWith('/verify'), 100);
    const { code, err } = await stage.run();
    expect(code).toBe(1);
    expect(err).toBe(
      'Cloudflare answered 500 to GET /user/tokens/verify.\nWait a little and run the same command again: it goes on where it stopped.',
    );
  });
});

describe('the token', () => {
  it('stands in no output, file or argument, and neither does the secret that is made of it', async () => {
    const { token, folder, cloudflare } = stage;
    const secrets = [token.value, s3CredentialsOf(token).secretAccessKey];
    const told = (text: string) => secrets.some((secret) => text.includes(secret));
    const argumentsOfAll = () =>
      readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map((pid) => {
          try {
            return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
          } catch {
            return '';
          }
        })
        .join('\n');
    const seen: string[] = [];
    cloudflare.onDone = () => seen.push(argumentsOfAll());
    const runs = [await stage.run(), await stage.run(['--json', '--progress', 'terminal'])];
    cloudflare.faults.plan({ kind: 'server-error', status: 500 }, isUpload, 100);
    runs.push(await stage.run(['--no-import'], { env: { NIXOS_IMAGES_DEBUG: '1', WRANGLER_LOG: 'debug' } }));
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 1]);
    expect(seen.some((text) => text.includes('wrangler'))).toBe(true);
    expect(seen.some(told)).toBe(false);
    expect(runs.filter(({ out, err }) => told(out) || told(err))).toEqual([]);
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      expect(told(await readFile(path, 'latin1')), path).toBe(false);
    }
  });

  it('gives credentials that open the bucket, when they are asked for', async () => {
    const { code, out } = await stage.run(['--no-import', '--show-credentials', '--json']);
    expect(code).toBe(0);
    const { credentials, bucket } = JSON.parse(out);
    const s3 = new S3Bucket(bucket.name, {
      endpoint: new URL(bucket.endpoint),
      region: 'auto',
      credentials: {
        accessKeyId: credentials.AWS_ACCESS_KEY_ID,
        secretAccessKey: credentials.AWS_SECRET_ACCESS_KEY,
        sessionToken: undefined,
      },
    });
    expect(await s3.read('catalog.json')).toBeUndefined();
    expect(JSON.parse((await stage.run(['--no-import', '--json'])).out)).not.toHaveProperty('credentials');
  });

  it('writes credentials for their owner alone, and over nothing of somebody else', async () => {
    const file = join(stage.folder, 'builder.env');
    const args = ['--no-import', '--credentials-file', file];
    expect(await stage.run(args)).toMatchObject({ code: 0 });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toContain(
      `export AWS_SECRET_ACCESS_KEY='${s3CredentialsOf(stage.token).secretAccessKey}'\n`,
    );
    expect(await stage.run(args)).toMatchObject({ code: 0 });
    await writeFile(file, 'precious');
    const before = writes().length;
    expect(await stage.run(args)).toMatchObject({ code: 2, err: expect.stringContaining('holds something else.') });
    expect(await readFile(file, 'utf8')).toBe('precious');
    expect(writes()).toHaveLength(before);
  });

  it('comes from standard input as well', async () => {
    const { code } = await stage.run(['--dry-run', '--token-file', '-'], {
      token: '',
      input: `${stage.token.value}\n`,
    });
    expect(code).toBe(0);
  });

  it('may belong to the account instead of a person', async () => {
    const token = stage.account.addToken('b', ['r2', 'workers'], 'account');
    const { code, err } = await stage.run(['--dry-run'], { token });
    expect(code).toBe(0);
    expect(err).toContain(`token: active, id ${token.id}`);
  });
});

describe('what is wrong is said before anything is made', () => {
  afterEach(() => expect(writes()).toEqual([]));

  it.each<[string, (stage: Stage) => Parameters<Stage['run']>, string]>([
    ['no token', () => [[], { token: '' }], 'There is no Cloudflare API token in the environment variable'],
    ['a garbled token', () => [[], { token: 'a b' }], 'it has characters that no token has'],
    ['an unknown token', () => [[], { token: 'unknown' }], 'The token is wrong, or was rolled or deleted.'],
    [
      'a disabled token',
      ({ account }) => {
        const token = account.addToken('d', ['r2', 'workers']);
        token.status = 'disabled';
        return [[], { token }];
      },
      'The Cloudflare API token is disabled.',
    ],
    [
      'a token that may not touch R2',
      ({ account }) => [[], { token: account.addToken('w', ['workers']) }],
      'Give the token the permission "Workers R2 Storage: Edit" on this account',
    ],
    [
      'a token that may not touch Workers',
      ({ account }) => [[], { token: account.addToken('r', ['r2']) }],
      'Give the token the permission "Workers Scripts: Edit" on this account',
    ],
    [
      'an account of somebody else',
      () => [[], { account: 'f'.repeat(32) }],
      'check that the account id is the right one',
    ],
    ['an account id that is none', () => [[], { account: 'alice' }], '"alice" is no id of an account.'],
    [
      'R2 that is not switched on',
      ({ account }) => {
        account.r2Enabled = false;
        return [];
      },
      'Switch R2 on in the dashboard',
    ],
    [
      'a Worker of that name that is another',
      ({ account }) => {
        account.workers.set('nixos-images', {
          name: 'nixos-images',
          modules: [],
          bindings: [],
          compatibilityDate: '2026-10-01',
          observability: false,
          uploadedAt: new Date(),
          tags: [],
          onWorkersDev: true,
          previews: false,
        });
        return [];
      },
      'The account has a Worker nixos-images already, and it is not this one',
    ],
    [
      'an account without a name under workers.dev',
      ({ account }) => {
        account.subdomain = undefined;
        return [];
      },
      'with --subdomain NAME',
    ],
    ['an environment that wrangler.jsonc has not', () => [['--env', 'prod']], 'It has: staging, production.'],
    ['an edge that is no address', () => [['--edge', 'images']], '"images" is not a URL.'],
  ])('%s', async (_, arrange, sentence) => {
    const { code, out, err } = await stage.run(...arrange(stage));
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(sentence);
    expect(err).not.toContain('nobody thought of');
  });

  it('a config that publishes to another bucket', async () => {
    await writeFile(
      join(stage.folder, 'config.mjs'),
      `export default { bucket: { endpoint: 'https://s3.example.org', name: 'other' }, channels: { 'nixos-unstable': { flake: '.', images: [{ kind: 'iso' }] } } };`,
    );
    expect(await stage.run()).toMatchObject({ code: 2, err: expect.stringContaining('publishes to the bucket other') });
  });
});

describe('where it serves', () => {
  it('takes a name under workers.dev for an account that has none', async () => {
    stage.account.subdomain = undefined;
    const { code, err } = await stage.run(['--no-import', '--subdomain', 'bob']);
    expect({ code, err }).toMatchObject({ code: 0, err: expect.stringContaining('bob.workers.dev: taken') });
    expect(stage.account.subdomain).toBe('bob');
  });

  it('says that a name belongs to somebody else', async () => {
    stage.account.subdomain = undefined;
    const { code, err } = await stage.run(['--subdomain', 'taken']);
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('belongs to somebody else') });
  });

  it('serves under a host of a zone of the account', async () => {
    const { code, err } = await stage.run(['--no-import', '--domain', 'images.example.org']);
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(stage.account.domains.get('images.example.org')).toBe('nixos-images');
  });
});

describe('what wrangler says', () => {
  it.each([
    [403, 10000, 'Authentication error', 'Give the token the permission "Workers Scripts: Edit" on this account'],
    [403, 10089, 'You need to enable Analytics Engine.', 'Switch Analytics Engine on in the dashboard, or go without'],
  ])('is passed on in one sentence, with what to do: %i, code %i', async (status, code, message, remedy) => {
    stage.cloudflare.faults.plan({ kind: 'refusal', status, code, message }, isUpload);
    const { code: exitCode, err } = await stage.run(['--no-import']);
    expect(exitCode).toBe(1);
    const said = `/workers/scripts/nixos-images) failed. ${message} [code: ${code}].\n${remedy}`;
    expect(err).toContain('Wrangler could not deploy nixos-images: A request to the Cloudflare API (');
    expect(err).toContain(said);
  });
});

it('is deployed by the button as by setup, but for the counts', async () => {
  expect(await stage.run(['--no-import'])).toMatchObject({ code: 0 });
  const bySetup = deployed();
  stage.account.workers.clear();
  expect(await stage.wrangler('deploy')).toMatchObject({ code: 0 });
  expect(deployed()).toEqual({
    ...bySetup,
    bindings: bySetup.bindings.filter(({ type }) => type !== 'analytics_engine'),
    uploadedAt: expect.any(Date),
    tags: expect.any(Array),
  });
});
