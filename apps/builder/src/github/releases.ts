import { setTimeout as sleep } from 'node:timers/promises';
import { type GithubRepository, type GithubTag, repositoryParts } from '@nixos-images/shared';
import { Octokit } from '@octokit/rest';
import * as v from 'valibot';
import { Failure } from '../failure.ts';
import type { Progress } from '../progress/progress.ts';
import { PATIENT, persist, type RetryPolicy } from '../retry.ts';
import type { GithubAccess } from './access.ts';
import { rateLimitWait } from './rate-limit.ts';
import { Asset, type GithubAsset, type GithubRelease, Release } from './release-objects.ts';
import { RequestRefused, sendFile } from './send-file.ts';

/** What of a release can be set. */
export interface ReleaseChanges {
  readonly tag_name?: string;
  readonly name?: string;
  readonly body?: string;
  readonly draft?: boolean;
  readonly prerelease?: boolean;
  readonly make_latest?: 'true' | 'false';
}

/** GitHub did not do it, or nobody knows whether it did; the same may work a moment later. */
export class GithubUnavailable extends Failure {}

/** How long to bear with GitHub: the policy of a request that only reads, and of one step of the mirror. */
export interface Patience extends RetryPolicy {
  /** Seconds for which a rate limit is waited out; a longer one ends the command. */
  readonly longestWait: number;
}

const GITHUB_PATIENCE: Patience = { ...PATIENT, longestWait: 15 * 60 };

export interface GithubOptions {
  readonly access: GithubAccess;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly patience?: Patience;
}

/** What Octokit throws, as far as it is needed. */
const RequestError = v.object({
  status: v.number(),
  message: v.string(),
  response: v.optional(v.object({ headers: v.record(v.string(), v.optional(v.union([v.string(), v.number()]))) })),
});

/**
 * The releases of one repository. What only reads is repeated while it fails for a passing reason; what writes is not (it
 * may have been done): it throws GithubUnavailable, and the caller looks again. Rate limits are waited out.
 */
export class GithubReleases {
  readonly repository: GithubRepository;
  readonly patience: Patience;
  readonly #options: GithubOptions;
  readonly #octokit: Octokit;
  readonly #where: { readonly owner: string; readonly repo: string };

  constructor(repository: GithubRepository, options: GithubOptions) {
    this.repository = repository;
    this.patience = options.patience ?? GITHUB_PATIENCE;
    this.#options = options;
    this.#where = repositoryParts(repository);
    const silent = () => {};
    this.#octokit = new Octokit({
      baseUrl: options.access.apiUrl,
      userAgent: 'nixos-images',
      ...(options.access.token !== undefined && { auth: options.access.token }),
      log: { debug: silent, info: silent, warn: silent, error: silent },
      request: { signal: options.signal },
    });
  }

  get access(): GithubAccess {
    return this.#options.access;
  }

  /** The same releases for what must be ended though the user wants to stop; it gives up by itself after a minute. */
  unhurried(): GithubReleases {
    return new GithubReleases(this.repository, { ...this.#options, signal: AbortSignal.timeout(60_000) });
  }

  /** Every release that the token may see, drafts among them, newest first. */
  async list(): Promise<GithubRelease[]> {
    const data = await this.#read(() =>
      this.#octokit.paginate(this.#octokit.rest.repos.listReleases, { ...this.#where, per_page: 100 }),
    );
    return v.parse(v.array(Release), data);
  }

  /** The published release of a tag. */
  async published(tag: GithubTag): Promise<GithubRelease | undefined> {
    const data = await this.#read(async () => {
      try {
        return (await this.#octokit.rest.repos.getReleaseByTag({ ...this.#where, tag })).data;
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    });
    return data === undefined ? undefined : v.parse(Release, data);
  }

  async assets({ id }: GithubRelease): Promise<GithubAsset[]> {
    const data = await this.#read(() =>
      this.#octokit.paginate(this.#octokit.rest.repos.listReleaseAssets, {
        ...this.#where,
        release_id: id,
        per_page: 100,
      }),
    );
    return v.parse(v.array(Asset), data);
  }

  async create(changes: ReleaseChanges & { readonly tag_name: string }): Promise<GithubRelease> {
    const { data } = await this.#send(() => this.#octokit.rest.repos.createRelease({ ...this.#where, ...changes }));
    return v.parse(Release, data);
  }

  async update({ id }: GithubRelease, changes: ReleaseChanges): Promise<GithubRelease> {
    const { data } = await this.#send(() =>
      this.#octokit.rest.repos.updateRelease({ ...this.#where, release_id: id, ...changes }),
    );
    return v.parse(Release, data);
  }

  async rename({ id }: GithubAsset, name: string): Promise<void> {
    await this.#send(() => this.#octokit.rest.repos.updateReleaseAsset({ ...this.#where, asset_id: id, name }));
  }

  /** Deletes an asset; also fine when it is gone. */
  async remove({ id }: GithubAsset): Promise<void> {
    await this.#send(async () => {
      try {
        await this.#octokit.rest.repos.deleteReleaseAsset({ ...this.#where, asset_id: id });
      } catch (error) {
        if (statusOf(error) !== 404) throw error;
      }
    });
  }

  /** Uploads an asset from a stream of exactly `size` bytes. */
  async upload(
    { uploadUrl }: GithubRelease,
    name: string,
    body: { readonly size: number; open(): Promise<AsyncIterable<Uint8Array>> },
  ): Promise<void> {
    const { token } = this.access;
    const url = new URL(`${uploadUrl}?name=${encodeURIComponent(name)}`);
    const headers = {
      accept: 'application/vnd.github+json',
      'content-length': `${body.size}`,
      'content-type': 'application/octet-stream',
      'user-agent': 'nixos-images',
      ...(token && { authorization: `Bearer ${token}` }),
    };
    await this.#send(async () => {
      const bytes = await body.open();
      await sendFile(url, headers, bytes, this.signal).catch((error: unknown) => this.#connectionBroke(error));
    });
  }

  /** Ends every request when it is aborted. */
  get signal(): AbortSignal {
    return this.#options.signal;
  }

  /**
   * The bytes of an asset from an offset on. GitHub answers with a redirect to a signed address, which must not see the token.
   * `resumed` is false when the server gives the asset from its start all the same.
   */
  async download(
    { apiUrl, downloadUrl, name }: GithubAsset,
    from: number,
  ): Promise<{ readonly body: ReadableStream<Uint8Array>; readonly resumed: boolean }> {
    const { token } = this.access;
    const { signal } = this.#options;
    const headers = { 'user-agent': 'nixos-images', ...(from > 0 && { range: `bytes=${from}-` }) };
    return this.#send(async () => {
      // Without a token the API grants 60 requests an hour; the public address has no such limit.
      const first = await this.#fetch(token === undefined ? downloadUrl : apiUrl, {
        redirect: 'manual',
        signal,
        headers: { ...headers, accept: 'application/octet-stream', ...(token && { authorization: `Bearer ${token}` }) },
      });
      const location = first.headers.get('location');
      const answer = location === null ? first : await this.#fetch(location, { signal, headers });
      if (!answer.ok || answer.body === null) {
        await answer.body?.cancel();
        const said = `the download of ${name} was answered ${answer.status}`;
        throw new RequestRefused(answer.status, Object.fromEntries(answer.headers.entries()), said);
      }
      return { body: answer.body, resumed: answer.status === 206 };
    });
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    return fetch(url, init).catch((error: unknown) => this.#connectionBroke(error));
  }

  /** Says that nobody knows what became of a request, unless it was answered or the user ended it. */
  #connectionBroke(error: unknown): never {
    this.signal.throwIfAborted();
    if (error instanceof Failure || error instanceof RequestRefused) throw error;
    const message = error instanceof Error ? error.message : 'no answer';
    throw new GithubUnavailable(`The connection to GitHub broke: ${message}.`, {
      remedy: 'Run the same command again: it continues where it stopped.',
      cause: error,
    });
  }

  /** Repeats what only reads. */
  async #read<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    return persist(this.patience, this.signal, async () => {
      try {
        return { done: await this.#send(ask) };
      } catch (error) {
        if (!(error instanceof GithubUnavailable)) throw error;
        return { failure: error };
      }
    });
  }

  /** Sends a request, waits out rate limits (the request was not carried out), and explains what else goes wrong. */
  async #send<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    for (;;) {
      this.#options.signal.throwIfAborted();
      try {
        return await ask();
      } catch (error) {
        this.#options.signal.throwIfAborted();
        if (error instanceof Failure) throw error;
        const known = v.safeParse(RequestError, error);
        if (!known.success) throw error;
        const { status, message, response } = known.output;
        const wait = rateLimitWait(status, response?.headers ?? {}, message, Date.now() / 1000);
        if (wait === undefined) throw this.#explain(status, message, response === undefined, error);
        await this.#waitOut(wait);
      }
    }
  }

  async #waitOut(seconds: number): Promise<void> {
    const until = new Date(Date.now() + seconds * 1000).toISOString().slice(11, 16);
    if (seconds > this.patience.longestWait) {
      throw new Failure(`GitHub's limit of requests is used up until ${until} UTC.`, {
        remedy:
          this.access.token === undefined
            ? 'Set GITHUB_TOKEN (any token raises the limit from 60 to 5,000 requests an hour), or run the same command again then: it continues.'
            : 'Run the same command again then: it continues.',
      });
    }
    this.#options.progress.note(`GitHub asks to wait ${Math.ceil(seconds)} s (its limit of requests); going on then`);
    await sleep(seconds * 1000, undefined, { signal: this.#options.signal });
  }

  #explain(status: number, message: string, noAnswer: boolean, cause: unknown): Failure {
    const again = 'Run the same command again: it continues where it stopped.';
    if (noAnswer) {
      return new GithubUnavailable(`The connection to GitHub broke: ${message}.`, { remedy: again, cause });
    }
    if (status >= 500) return new GithubUnavailable(`GitHub answered ${status}.`, { remedy: again, cause });
    if (status === 401) {
      return this.access.token === undefined
        ? new Failure(`Writing to ${this.repository} needs a token.`, { remedy: RIGHTS, cause })
        : new Failure('GitHub does not know the token in GITHUB_TOKEN; it may have expired.', {
            remedy: RIGHTS,
            cause,
          });
    }
    if (status === 403) {
      return new Failure(`The token may not do that in ${this.repository}.`, { remedy: RIGHTS, cause });
    }
    if (status === 404) {
      return new Failure(`GitHub has no ${this.repository}, or the token may not see it.`, {
        remedy: `Check the name. ${RIGHTS}`,
        cause,
      });
    }
    return new Failure(`GitHub refused a request with ${status}: ${message}.`, { remedy: again, cause });
  }
}

const RIGHTS =
  'Set GITHUB_TOKEN to a token for that repository with the permission "Contents" (read to import from a private one, read and write to mirror).';

function statusOf(error: unknown): number | undefined {
  const known = v.safeParse(RequestError, error);
  return known.success ? known.output.status : undefined;
}
