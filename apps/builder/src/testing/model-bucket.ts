import { createHash } from 'node:crypto';
import type {
  Bucket,
  FileSlice,
  ObjectFacts,
  OpenUpload,
  PartAddress,
  TextObject,
  UploadedPart,
  WriteOptions,
} from '../store/bucket.ts';

/** An object of the model: its text, or for blobs that nobody reads only their size. */
interface ModelObject {
  readonly text: string;
  readonly size: number;
  readonly modified: number;
}

/** Called before every operation; the operation happens when it resolves, at once and whole. */
export type Turn = (operation: string) => Promise<void>;

/** What all clients of the model see. */
export class ModelStore {
  readonly objects = new Map<string, ModelObject>();
  /** The server's clock, in milliseconds since the epoch. */
  now = Date.parse('2026-09-01T00:00:00Z');

  put(key: string, text: string, size = text.length): void {
    this.objects.set(key, { text, size, modified: this.now });
  }

  /** As S3 makes it: equal content, equal ETag. */
  etag(key: string): string | undefined {
    const object = this.objects.get(key);
    return object && `"${createHash('md5').update(object.text).digest('hex')}"`;
  }
}

/** One client of a model of the store: strongly consistent, as R2 is. Multipart uploads are left out: blobs of the model are small. */
export class ModelBucket implements Bucket {
  readonly address = 'model';
  readonly #store: ModelStore;
  readonly #turn: Turn;

  constructor(store: ModelStore, turn: Turn = async () => {}) {
    this.#store = store;
    this.#turn = turn;
  }

  async now(): Promise<Date> {
    return new Date(this.#store.now);
  }

  async read(key: string): Promise<TextObject | undefined> {
    await this.#turn(`read ${key}`);
    const object = this.#store.objects.get(key);
    return object && { text: object.text, etag: this.#store.etag(key) ?? '' };
  }

  async open(key: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const object = await this.read(key);
    if (object === undefined) return undefined;
    return (async function* () {
      yield Buffer.from(object.text);
    })();
  }

  async stat(key: string): Promise<ObjectFacts | undefined> {
    await this.#turn(`stat ${key}`);
    return this.#facts(key);
  }

  #facts(key: string): ObjectFacts | undefined {
    const object = this.#store.objects.get(key);
    if (object === undefined) return undefined;
    return { key, size: object.size, etag: this.#store.etag(key) ?? '', modified: new Date(object.modified) };
  }

  async *list(prefix: string): AsyncIterable<ObjectFacts> {
    await this.#turn(`list ${prefix}`);
    const keys = [...this.#store.objects.keys()].filter((key) => key.startsWith(prefix)).toSorted();
    yield* keys.flatMap((key) => this.#facts(key) ?? []);
  }

  async write(key: string, text: string, { condition }: WriteOptions): Promise<boolean> {
    await this.#turn(`write ${key}`);
    const etag = this.#store.etag(key);
    const allowed =
      condition === undefined || ('ifAbsent' in condition ? etag === undefined : etag === condition.ifMatch);
    if (allowed) this.#store.put(key, text);
    return allowed;
  }

  async remove(key: string): Promise<void> {
    await this.#turn(`remove ${key}`);
    this.#store.objects.delete(key);
  }

  async upload(key: string, slice: FileSlice): Promise<void> {
    await this.#turn(`upload ${key}`);
    this.#store.put(key, slice.sha256, slice.length);
  }

  async beginUpload(): Promise<string> {
    throw new Error('the model has no multipart uploads');
  }

  async uploadPart(_part: PartAddress): Promise<UploadedPart | undefined> {
    throw new Error('the model has no multipart uploads');
  }

  async completeUpload(): Promise<boolean> {
    throw new Error('the model has no multipart uploads');
  }

  async abortUpload(): Promise<void> {}

  async openUploads(): Promise<OpenUpload[] | undefined> {
    return undefined;
  }

  async partsOf(): Promise<UploadedPart[] | undefined> {
    return undefined;
  }
}
