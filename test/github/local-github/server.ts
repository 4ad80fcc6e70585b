/**
 * A GitHub for tests: the release endpoints of the API, uploads, and downloads with their redirect to signed addresses, over
 * HTTP, with state. Every exchange of the API is held against GitHub's own description; what differs is in `differences`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { assetObject, type Origins, releaseObject } from './api-objects.ts';
import { Contract } from './contract.ts';
import { type Fault, Faults, type Operation } from './faults.ts';
import { type Asset, Refusal, type Release, type Repository, type Rights, SignedDownloads } from './repository.ts';
import { changesIn, type Reply, required, tagIn } from './request.ts';

export interface LocalGithub {
  /** What browsers open: `GITHUB_SERVER_URL`. */
  readonly url: string;
  /** `GITHUB_API_URL`. */
  readonly apiUrl: string;
  readonly faults: Faults;
  /** Every request so far, in order. */
  readonly operations: readonly Operation[];
  /** In what the exchanges differed from GitHub's description; empty when all is well. */
  readonly differences: readonly string[];
  stop(): Promise<void>;
}

interface Request {
  readonly message: IncomingMessage;
  readonly url: URL;
  readonly body: Buffer;
  readonly fault: Fault | undefined;
}

/** Starts a local GitHub that has these repositories. */
export async function startLocalGithub(repositories: readonly Repository[]): Promise<LocalGithub> {
  const contract = await Contract.load();
  const faults = new Faults();
  const operations: Operation[] = [];
  const differences: string[] = [];
  const github = new Github(repositories, contract, differences);
  const server = createServer((message, response) => {
    const url = new URL(message.url ?? '/', 'http://github.test');
    const operation = { number: operations.length + 1, method: message.method ?? '', path: url.pathname };
    operations.push(operation);
    const fault = faults.meet(operation);
    if (fault?.kind === 'cut') {
      message.socket.destroy();
      return;
    }
    void readBody(message, fault)
      .then((body) => github.answer({ message, url, body, fault }))
      .then((reply) => {
        if (fault?.kind === 'cut-after') message.socket.destroy();
        else send(response, reply, fault);
      })
      .catch(() => message.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = addressOf(server.address());
  const url = `http://127.0.0.1:${port}`;
  github.origins = { api: `${url}/api`, uploads: `${url}/uploads`, web: url };
  return {
    url,
    apiUrl: `${url}/api`,
    faults,
    operations,
    differences,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('the local GitHub has no port');
  return address;
}

async function readBody(message: IncomingMessage, fault: Fault | undefined): Promise<Buffer> {
  const half = Number(message.headers['content-length'] ?? 0) / 2;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message) {
    length += chunk.length;
    if (fault?.kind !== 'upload-breaks' || length < half) chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, { status, headers = {}, body }: Reply, fault: Fault | undefined): void {
  if (!Buffer.isBuffer(body)) {
    const json = body === undefined ? '' : JSON.stringify(body);
    response.writeHead(status, {
      ...(json !== '' && { 'content-type': 'application/json; charset=utf-8' }),
      ...headers,
    });
    response.end(json);
    return;
  }
  response.writeHead(status, { ...headers, 'content-length': body.length });
  if (fault?.kind === 'download-breaks') {
    response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy());
  } else if (fault?.kind === 'download-garbles') {
    const garbled = Buffer.from(body);
    garbled.writeUInt8(garbled.readUInt8(garbled.length - 1) ^ 0xff, garbled.length - 1);
    response.end(garbled);
  } else response.end(body);
}

/** Requests in an hour that GitHub grants to a token. */
const HOURLY = 5000;

class Github {
  origins: Origins = { api: '', uploads: '', web: '' };
  readonly #repositories: readonly Repository[];
  readonly #contract: Contract;
  readonly #differences: string[];
  readonly #downloads = new SignedDownloads();
  #used = 0;

  constructor(repositories: readonly Repository[], contract: Contract, differences: string[]) {
    this.#repositories = repositories;
    this.#contract = contract;
    this.#differences = differences;
  }

  answer(request: Request): Reply {
    const { pathname } = request.url;
    if (pathname.startsWith('/api/')) return this.#api(request, pathname.slice('/api'.length));
    if (pathname.startsWith('/uploads/')) return this.#api(request, pathname.slice('/uploads'.length));
    if (pathname.startsWith('/signed/')) return this.#signedDownload(request);
    return this.#webDownload(request);
  }

  #api(request: Request, path: string): Reply {
    this.#used += 1;
    const json = request.message.headers['content-type']?.startsWith('application/json') === true;
    let requestBody: unknown;
    let reply: Reply;
    try {
      requestBody = json && request.body.length > 0 ? JSON.parse(request.body.toString('utf8')) : undefined;
      reply = this.#faultReply(request) ?? this.#route(request, path, requestBody);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { status, message, errors } = error;
      const documentation_url = 'https://docs.github.com/rest';
      reply = { status, body: { message, documentation_url, status: `${status}`, ...(errors && { errors }) } };
    }
    // A redirect and a file have no JSON to be checked.
    const responseBody = reply.status === 302 ? undefined : reply.body;
    this.#differences.push(
      ...this.#contract.differences({
        method: request.message.method ?? '',
        path,
        query: request.url.searchParams,
        requestBody,
        status: reply.status,
        responseBody,
      }),
    );
    const now = Math.ceil(Date.now() / 1000);
    const limits = {
      'x-ratelimit-limit': `${HOURLY}`,
      'x-ratelimit-remaining': `${HOURLY - this.#used}`,
      'x-ratelimit-reset': `${now + 3600}`,
      'x-ratelimit-used': `${this.#used}`,
      'x-ratelimit-resource': 'core',
    };
    return { ...reply, headers: { ...limits, ...reply.headers } };
  }

  #faultReply({ fault }: Request): Reply | undefined {
    switch (fault?.kind) {
      case 'secondary-rate-limit':
        return {
          status: 403,
          headers: { 'retry-after': `${fault.retryAfter}` },
          body: {
            message: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
          },
        };
      case 'primary-rate-limit': {
        const reset = Math.ceil(Date.now() / 1000) + fault.resetIn;
        return {
          status: 403,
          headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': `${reset}` },
          body: { message: 'API rate limit exceeded for 127.0.0.1.' },
        };
      }
      case 'server-error':
        return { status: fault.status, body: { message: 'Server Error' } };
      default:
        return undefined;
    }
  }

  #route(request: Request, path: string, body: unknown): Reply {
    const method = request.message.method ?? '';
    const [, owner = '', name = '', rest = ''] = /^\/repos\/([^/]+)\/([^/]+)\/releases\/?(.*)$/.exec(path) ?? [];
    const { repository, rights } = this.#enter(request, `${owner}/${name}`, method === 'GET' ? 'read' : 'write');
    const release = (found: Release | undefined, status = 200): Reply => ({
      status,
      body: releaseObject(repository, required(found), this.origins),
    });
    const readable = (id: string) =>
      repository.releases.find((one) => one.id === Number(id) && (!one.draft || rights === 'write'));
    const [first = '', second = ''] = rest.split('/');
    if (rest === '' && method === 'GET') {
      const visible = repository.releases.filter(({ draft }) => !draft || rights === 'write').toReversed();
      return this.#page(request, visible, (one) => releaseObject(repository, one, this.origins));
    }
    if (rest === '' && method === 'POST') {
      return release(repository.createRelease({ ...changesIn(body), tag_name: tagIn(body) }), 201);
    }
    if (rest === 'latest' && method === 'GET') return release(repository.latest());
    if (first === 'tags' && method === 'GET') return release(repository.published(decodeURIComponent(second)));
    if (first === 'assets') return this.#asset(request, repository, rights, Number(second), body);
    if (second === 'assets' && method === 'GET') {
      const found = required(readable(first));
      return this.#page(request, found.assets, (one) => assetObject(repository, found, one, this.origins));
    }
    if (second === 'assets' && method === 'POST') return this.#upload(request, repository, required(readable(first)));
    if (method === 'GET') return release(readable(first));
    if (method === 'PATCH') {
      const found = required(readable(first));
      repository.updateRelease(found, changesIn(body));
      return release(found);
    }
    if (method === 'DELETE') {
      repository.removeRelease(required(readable(first)).id);
      return { status: 204 };
    }
    throw new Refusal(404, 'Not Found');
  }

  #asset(request: Request, repository: Repository, rights: Rights, id: number, body: unknown): Reply {
    const { release, asset } = required(repository.findAsset(id));
    if (release.draft && rights !== 'write') throw new Refusal(404, 'Not Found');
    switch (request.message.method) {
      case 'GET':
        if (request.message.headers.accept === 'application/octet-stream') return this.#redirectTo(asset);
        return { status: 200, body: assetObject(repository, release, asset, this.origins) };
      case 'PATCH':
        return {
          status: 200,
          body: assetObject(
            repository,
            release,
            repository.renameAsset(id, changesIn(body).name ?? asset.name),
            this.origins,
          ),
        };
      case 'DELETE':
        repository.removeAsset(id);
        return { status: 204 };
      default:
        throw new Refusal(404, 'Not Found');
    }
  }

  #upload({ message, url, body, fault }: Request, repository: Repository, release: Release): Reply {
    if (message.headers['content-length'] === undefined) throw new Refusal(400, 'Bad Content-Length: ');
    const name = url.searchParams.get('name') ?? '';
    const begun = repository.beginAsset(release, name, message.headers['content-type'] ?? '');
    if (fault?.kind === 'upload-breaks' || fault?.kind === 'upload-sticks') {
      return { status: 502, body: { message: 'Server Error' } };
    }
    const asset = repository.completeAsset(release, begun, body);
    return { status: 201, body: assetObject(repository, release, asset, this.origins) };
  }

  #page<Item>({ url }: Request, items: readonly Item[], write: (item: Item) => object): Reply {
    const size = Math.min(Number(url.searchParams.get('per_page') ?? 30), 100);
    const page = Number(url.searchParams.get('page') ?? 1);
    const next = new URL(`${this.origins.api}${url.pathname.slice('/api'.length)}${url.search}`);
    next.searchParams.set('page', `${page + 1}`);
    const more = items.length > page * size;
    return {
      status: 200,
      body: items.slice((page - 1) * size, page * size).map(write),
      ...(more && { headers: { link: `<${next.href}>; rel="next"` } }),
    };
  }

  /** The repository, if the bearer of the request may see it and do this there; GitHub's refusals otherwise. */
  #enter({ message }: Request, fullName: string, needed: 'read' | 'write') {
    const token = /^(?:token|bearer) (.+)$/i.exec(message.headers.authorization ?? '')?.[1];
    const known = this.#repositories.some(({ tokens }) => token !== undefined && tokens.has(token));
    if (token !== undefined && !known) throw new Refusal(401, 'Bad credentials');
    const repository = this.#repositories.find((one) => one.fullName.toLowerCase() === fullName.toLowerCase());
    const rights = repository?.rightsOf(token) ?? 'none';
    if (repository === undefined || rights === 'none') throw new Refusal(404, 'Not Found');
    if (needed === 'write' && rights !== 'write') {
      if (token === undefined) throw new Refusal(401, 'Requires authentication');
      throw new Refusal(403, 'Resource not accessible by personal access token');
    }
    return { repository, rights };
  }

  #redirectTo(asset: Asset): Reply {
    if (asset.state !== 'uploaded') throw new Refusal(404, 'Not Found');
    const location = `${this.origins.web}/signed/${asset.id}?sig=${this.#downloads.sign(asset)}&jwt=a%2Bb%2Fc`;
    return { status: 302, headers: { location } };
  }

  /** `/OWNER/REPO/releases/download/TAG/NAME` and `/OWNER/REPO/releases/latest/download/NAME`. */
  #webDownload({ url }: Request): Reply {
    const path = decodeURIComponent(url.pathname);
    const repository = this.#repositories.find(
      ({ fullName, isPrivate }) => !isPrivate && path.startsWith(`/${fullName}/releases/`),
    );
    const rest = path.slice(`/${repository?.fullName}/releases/`.length);
    const [, newest] = /^latest\/download\/([^/]+)$/.exec(rest) ?? [];
    if (newest !== undefined) {
      const tag = repository?.latest()?.tag;
      if (repository === undefined || tag === undefined) return { status: 404 };
      const location = `${this.origins.web}/${repository.fullName}/releases/download/${tag}/${newest}`;
      return { status: 302, headers: { location } };
    }
    const [, tag = '', name] = /^download\/([^/]+)\/([^/]+)$/.exec(rest) ?? [];
    const asset = repository?.published(tag)?.assets.find((one) => one.name === name && one.state === 'uploaded');
    return asset === undefined ? { status: 404 } : this.#redirectTo(asset);
  }

  /** As object stores do: the signature is all, a second kind of credentials is an error, ranges are served. */
  #signedDownload({ message, url }: Request): Reply {
    if (message.headers.authorization !== undefined) return { status: 400 };
    const asset = this.#downloads.asset(url.searchParams.get('sig'));
    if (asset === undefined) return { status: 403 };
    const [, from] = /^bytes=(\d+)-$/.exec(message.headers.range ?? '') ?? [];
    if (from === undefined) return { status: 200, body: asset.bytes };
    const { length } = asset.bytes;
    if (Number(from) >= length) return { status: 416, headers: { 'content-range': `bytes */${length}` } };
    const range = `bytes ${from}-${length - 1}/${length}`;
    return { status: 206, headers: { 'content-range': range }, body: asset.bytes.subarray(Number(from)) };
  }
}
