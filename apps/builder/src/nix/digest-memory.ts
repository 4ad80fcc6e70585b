import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MalformedJson, parseJson } from '@nixos-images/shared';
import type * as v from 'valibot';
import { systemFailure } from '../failure.ts';
import type { Progress } from '../progress/progress.ts';

export interface HashOptions {
  /** Folder where hashes are remembered. */
  readonly state: string;
  /** Whose menu iPXE goes on at; undefined where the config does not say. */
  readonly edge: URL | undefined;
  readonly progress: Progress;
  readonly signal: AbortSignal | undefined;
}

/** Writes what was hashed into a file, for `recall`. */
export async function remember(memory: string, digests: object): Promise<void> {
  await writeWhole(memory, JSON.stringify(digests));
}

/** Writes a file that is there in full or not at all. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  // Renamed into place: a kill between the two leaves no half file to recall.
  const half = `${path}.${process.pid}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(half, content);
    await rename(half, path);
  } catch (error) {
    await rm(half, { force: true });
    throw systemFailure(error, path) ?? error;
  }
}

/** What `remember` wrote; undefined if it is not there, or cannot be read. */
export async function recall<Schema extends v.GenericSchema>(
  memory: string,
  schema: Schema,
): Promise<v.InferOutput<Schema> | undefined> {
  const text = await readFile(memory, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return parseJson(schema, text, memory);
  } catch (error) {
    if (error instanceof MalformedJson) return undefined;
    throw error;
  }
}
