import { versionsOf } from '@nixos-images/shared';
import type { Config } from '../config.ts';
import { EXIT, Failure } from '../failure.ts';
import { formatBytes, formatCount } from '../progress/format.ts';
import type { Run } from '../run.ts';
import { trustedKeys } from '../sign/signing-key.ts';
import { checkEdge } from '../steps/check-edge.ts';
import { ReleaseCheck } from '../store/check.ts';
import { listVersions, readCatalog } from '../store/stored.ts';

export interface VerifyOptions {
  readonly deep?: boolean;
  /** An edge to ask as well; true: the config's. */
  readonly edge?: string | true;
}

/** `nixos-images verify`: whether the bucket, and an edge over it, hold what they promise. */
export async function verifyCommand({ bucket, config, progress, signal }: Run, options: VerifyOptions) {
  const edge = edgeFor(config, options.edge);
  const catalog = (await readCatalog(bucket))?.catalog;
  const named = catalog === undefined ? [] : versionsOf(catalog).map(({ version }) => version);
  const versions = [...new Set([...named, ...(await listVersions(bucket))])];
  const task = progress.begin('verify');
  const check = new ReleaseCheck(bucket, {
    keys: trustedKeys(config),
    deep: options.deep ?? false,
    onBlob: ({ name }) => task.detail(name),
    onBytes: task.advance,
  });
  try {
    for (const version of versions) await check.release(version);
    const problems = [...check.problems, ...(edge && catalog ? await checkEdge(edge, catalog, signal) : [])];
    const how = options.deep ? `read and hashed (${formatBytes(check.bytesRead)})` : 'looked at';
    const summary = `${formatCount(versions.length, 'release')}, ${formatCount(check.blobs, 'blob')} ${how}: ${problems.length === 0 ? 'all right' : formatCount(problems.length, 'problem')}`;
    return {
      json: {
        releases: versions.length,
        blobs: check.blobs,
        bytesRead: check.bytesRead,
        deep: options.deep ?? false,
        problems,
      },
      text: [...problems.map(({ object, problem }) => `${object} ${problem}`), summary].join('\n'),
      failed: problems.length > 0,
    };
  } finally {
    task.drop();
  }
}

function edgeFor(config: Config, asked: string | true | undefined): URL | undefined {
  if (asked === undefined) return undefined;
  const remedy = 'Such as --edge https://images.example.org, or `edge` in the config and --edge alone.';
  if (asked === true) {
    if (config.edge !== undefined) return config.edge;
    throw new Failure('The config names no edge.', { remedy, exitCode: EXIT.usage });
  }
  if (URL.canParse(asked)) return new URL(asked);
  throw new Failure(`${JSON.stringify(asked)} is not a URL.`, { remedy, exitCode: EXIT.usage });
}
