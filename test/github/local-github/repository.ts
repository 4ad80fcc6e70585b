import { createHash, randomUUID } from 'node:crypto';

/** A file of a release. */
export interface Asset {
  readonly id: number;
  name: string;
  label: string | null;
  /** `starter`: an upload that broke off; it has the name, and nothing can be downloaded. */
  state: 'uploaded' | 'starter';
  readonly contentType: string;
  readonly bytes: Buffer;
  /** Null on assets from before GitHub had digests. */
  digest: string | null;
  readonly createdAt: Date;
  updatedAt: Date;
}

export interface Release {
  readonly id: number;
  tag: string;
  name: string;
  body: string;
  draft: boolean;
  prerelease: boolean;
  readonly createdAt: Date;
  publishedAt: Date | null;
  assets: Asset[];
}

/** What someone may do in a repository. */
export type Rights = 'none' | 'read' | 'write';

/** Why GitHub does not do as it was asked; the message and errors are GitHub's. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly errors: readonly object[] | undefined;

  constructor(status: number, message: string, errors?: readonly object[]) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

const alreadyExists = (resource: string, field: string) =>
  new Refusal(422, 'Validation Failed', [{ resource, code: 'already_exists', field }]);

interface ReleaseChanges {
  readonly tag_name?: string;
  readonly name?: string;
  readonly body?: string;
  readonly draft?: boolean;
  readonly prerelease?: boolean;
  readonly make_latest?: string;
}

/** One repository with its releases, as GitHub keeps them. */
export class Repository {
  readonly fullName: string;
  /** Anonymous users of a private repository have no rights. */
  readonly isPrivate: boolean;
  readonly tokens = new Map<string, Rights>();
  releases: Release[] = [];
  #latest: number | undefined;
  #nextId = 1000;

  constructor(fullName: string, isPrivate = false) {
    this.fullName = fullName;
    this.isPrivate = isPrivate;
  }

  rightsOf(token: string | undefined): Rights {
    if (token !== undefined) return this.tokens.get(token) ?? (this.isPrivate ? 'none' : 'read');
    return this.isPrivate ? 'none' : 'read';
  }

  /** The published release of a tag. */
  published(tag: string): Release | undefined {
    return this.releases.find((release) => !release.draft && release.tag === tag);
  }

  latest(): Release | undefined {
    const candidates = this.releases.filter(({ draft, prerelease }) => !draft && !prerelease);
    return candidates.find(({ id }) => id === this.#latest) ?? candidates.at(-1);
  }

  createRelease(changes: ReleaseChanges & { readonly tag_name: string }): Release {
    const release: Release = {
      id: this.#id(),
      tag: changes.tag_name,
      name: '',
      body: '',
      draft: true,
      prerelease: false,
      createdAt: new Date(),
      publishedAt: null,
      assets: [],
    };
    this.#apply(release, { draft: false, ...changes });
    this.releases.push(release);
    return release;
  }

  updateRelease(release: Release, changes: ReleaseChanges): void {
    this.#apply(release, changes);
  }

  /** Draft releases may share a tag; a published release has its tag for itself. */
  #apply(release: Release, changes: ReleaseChanges): void {
    const tag = changes.tag_name ?? release.tag;
    const draft = changes.draft ?? release.draft;
    const holder = this.published(tag);
    if (!draft && holder !== undefined && holder !== release) throw alreadyExists('Release', 'tag_name');
    const publishing = release.draft && !draft;
    release.tag = tag;
    release.draft = draft;
    release.name = changes.name ?? release.name;
    release.body = changes.body ?? release.body;
    release.prerelease = changes.prerelease ?? release.prerelease;
    if (publishing) release.publishedAt = new Date();
    const latest = changes.make_latest ?? (publishing ? 'true' : undefined);
    if (latest === 'true' && !draft && !release.prerelease) this.#latest = release.id;
  }

  /** Takes up an upload: its name is taken from the first byte on. */
  beginAsset(release: Release, name: string, contentType: string): Asset {
    if (release.assets.some((asset) => asset.name === name)) throw alreadyExists('ReleaseAsset', 'name');
    const now = new Date();
    const asset: Asset = {
      id: this.#id(),
      name,
      label: '',
      state: 'starter',
      contentType,
      bytes: Buffer.alloc(0),
      digest: null,
      createdAt: now,
      updatedAt: now,
    };
    release.assets.push(asset);
    return asset;
  }

  /** Ends an upload; the asset can be downloaded from then on. */
  completeAsset(release: Release, begun: Asset, bytes: Buffer): Asset {
    const asset: Asset = {
      ...begun,
      bytes,
      state: 'uploaded',
      digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
      updatedAt: new Date(),
    };
    release.assets = release.assets.map((other) => (other.id === begun.id ? asset : other));
    return asset;
  }

  /** Adds a finished asset in one step: how a test fills a release. */
  addAsset(release: Release, name: string, bytes: Buffer): Asset {
    return this.completeAsset(release, this.beginAsset(release, name, 'application/octet-stream'), bytes);
  }

  findAsset(id: number): { release: Release; asset: Asset } | undefined {
    for (const release of this.releases) {
      const asset = release.assets.find((candidate) => candidate.id === id);
      if (asset !== undefined) return { release, asset };
    }
    return undefined;
  }

  renameAsset(id: number, name: string): Asset {
    const found = this.findAsset(id);
    if (found === undefined) throw new Refusal(404, 'Not Found');
    const { release, asset } = found;
    if (release.assets.some((other) => other.id !== id && other.name === name)) {
      throw alreadyExists('ReleaseAsset', 'name');
    }
    asset.name = name;
    asset.updatedAt = new Date();
    return asset;
  }

  removeAsset(id: number): void {
    const found = this.findAsset(id);
    if (found === undefined) throw new Refusal(404, 'Not Found');
    found.release.assets = found.release.assets.filter((asset) => asset.id !== id);
  }

  removeRelease(id: number): void {
    this.releases = this.releases.filter((release) => release.id !== id);
  }

  #id(): number {
    this.#nextId += 1;
    return this.#nextId;
  }
}

/** Addresses of signed downloads: each works for one asset until the server ends. */
export class SignedDownloads {
  readonly #bySignature = new Map<string, Asset>();

  sign(asset: Asset): string {
    const signature = randomUUID();
    this.#bySignature.set(signature, asset);
    return signature;
  }

  asset(signature: string | null): Asset | undefined {
    return signature === null ? undefined : this.#bySignature.get(signature);
  }
}
