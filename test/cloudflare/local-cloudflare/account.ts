import { createHash } from 'node:crypto';

/** What a token may do. */
export type Permission = 'r2' | 'workers';

/** A binding as the metadata of an upload names it. */
export interface Binding {
  readonly type: string;
  readonly name: string;
  readonly text?: string | undefined;
  readonly bucket_name?: string | undefined;
  readonly dataset?: string | undefined;
}

/** A Worker as it was uploaded. */
export interface Worker {
  readonly name: string;
  readonly modules: readonly { readonly path: string; readonly contents: string }[];
  readonly bindings: readonly Binding[];
  readonly compatibilityDate: string;
  readonly observability: boolean;
  readonly uploadedAt: Date;
  tags: readonly string[];
  onWorkersDev: boolean;
  previews: boolean;
}

/** An API token of Cloudflare. */
export interface Token {
  readonly id: string;
  readonly value: string;
  /** Whose it is: each kind is verified at another address. */
  readonly owner: 'user' | 'account';
  readonly permissions: ReadonlySet<Permission>;
  status: 'active' | 'disabled' | 'expired';
}

/** A Cloudflare account and what is in it. */
export class Account {
  readonly id = '023e105f4ecef8ad9ca31a8372d0c353';
  readonly tokens: Token[] = [];
  readonly buckets = new Map<string, Date>();
  readonly workers = new Map<string, Worker>();
  /** Uploads that may be deployed, by their ids. */
  readonly versions = new Map<string, Worker>();
  readonly domains = new Map<string, string>();
  /** Its name under workers.dev, when it has one. */
  subdomain: string | undefined = 'alice';
  r2Enabled = true;

  /** A new token; `letter` makes it unlike others. */
  addToken(letter: string, permissions: readonly Permission[], owner: Token['owner'] = 'user'): Token {
    const token: Token = {
      id: letter.repeat(32),
      value: `v1.0-${letter}-this_is_the_secret_of_a_token`,
      owner,
      permissions: new Set(permissions),
      status: 'active',
    };
    this.tokens.push(token);
    return token;
  }
}

/** The key pair that R2's S3 API takes for a token. */
export function s3CredentialsOf(token: Token) {
  return { accessKeyId: token.id, secretAccessKey: createHash('sha256').update(token.value).digest('hex') };
}
