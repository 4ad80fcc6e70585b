import type { Config } from '../config.ts';
import { EXIT, Failure } from '../failure.ts';
import { formatBytes, formatCount } from '../progress/format.ts';
import type { Run } from '../run.ts';
import { verifyAll } from '../steps/verify.ts';

export interface VerifyCommandOptions {
  readonly deep?: boolean | undefined;
  /** An edge to ask as well; true: the config's. */
  readonly edge?: string | true | undefined;
}

/** `nixos-images verify`: whether the bucket, and an edge over it, hold what they promise. */
export async function verifyCommand(run: Run, { deep = false, edge }: VerifyCommandOptions) {
  const found = await verifyAll(run, { deep, edge: edgeFor(run.config, edge) });
  const { releases, blobs, bytesRead, problems } = found;
  const how = deep ? `read and hashed (${formatBytes(bytesRead)})` : 'looked at';
  const verdict = problems.length === 0 ? 'all right' : formatCount(problems.length, 'problem');
  const summary = `${formatCount(releases, 'release')}, ${formatCount(blobs, 'blob')} ${how}: ${verdict}`;
  return {
    json: { releases, blobs, bytesRead, deep, problems },
    text: [...problems.map(({ object, problem }) => `${object} ${problem}`), summary].join('\n'),
    failed: problems.length > 0,
  };
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
