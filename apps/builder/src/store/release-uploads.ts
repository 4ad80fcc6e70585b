import type { Channel, Sha256 } from '@nixos-images/shared';
import { formatBytes, formatCount } from '../progress/format.ts';
import type { Progress, Task } from '../progress/progress.ts';
import type { Bucket } from './bucket.ts';
import { type BlobFile, createUploader } from './upload.ts';

/** What came of the uploads of a release. */
export interface UploadCounts {
  readonly uploadedBlobs: number;
  readonly uploadedBytes: number;
  readonly presentBlobs: number;
}

/** The uploads of one release. Each begins when its file is added, so that the line is busy while the next file is hashed. */
export class ReleaseUploads {
  readonly #uploader: ReturnType<typeof createUploader>;
  readonly #progress: Progress;
  readonly #title: string;
  #all: Task | undefined;
  readonly #running = new Map<Sha256, Promise<void>>();
  readonly #ending = new AbortController();
  #failure: { readonly reason: unknown } | undefined;
  #counts: UploadCounts = { uploadedBlobs: 0, uploadedBytes: 0, presentBlobs: 0 };

  constructor(bucket: Bucket, channel: Channel, progress: Progress) {
    this.#uploader = createUploader(bucket, { signal: this.#ending.signal });
    this.#progress = progress;
    this.#title = `upload ${channel}`;
  }

  /**
   * Begins to bring a file into the bucket; bytes that were added before are on their way already.
   * @throws what another upload failed with.
   */
  readonly add = (file: BlobFile): void => {
    if (this.#failure !== undefined) throw this.#failure.reason;
    const { sha256 } = file.digest;
    if (this.#running.has(sha256)) return;
    const upload = this.#upload(file).catch((reason: unknown) => {
      this.#failure ??= { reason };
      // What waits for its turn need not be tried any more.
      this.#ending.abort(reason);
    });
    this.#running.set(sha256, upload);
  };

  /**
   * Resolves when everything that was added is in the bucket.
   * @throws what the first upload failed with.
   */
  async finish(): Promise<UploadCounts> {
    await Promise.all(this.#running.values());
    if (this.#failure !== undefined) {
      this.#all?.drop();
      throw this.#failure.reason;
    }
    const { uploadedBlobs, uploadedBytes, presentBlobs } = this.#counts;
    const all = this.#all ?? this.#progress.begin(this.#title);
    all.end(
      `${formatCount(uploadedBlobs, 'blob')}, ${formatBytes(uploadedBytes)}; ${presentBlobs} more in the bucket already`,
    );
    return this.#counts;
  }

  /** Begins no more and waits for what is in flight: for a release that came to nothing. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#running.values());
    this.#all?.drop();
  }

  async #upload(file: BlobFile): Promise<void> {
    const { size } = file.digest;
    const task = this.#progress.begin(`upload ${file.path.split('/').at(-1)}`, size);
    this.#all ??= this.#progress.begin(this.#title, 0);
    const all = this.#all;
    all.grow(size);
    const both = { ...task, advance: (bytes: number) => [task, all].forEach((each) => void each.advance(bytes)) };
    try {
      const outcome = await this.#uploader.upload(file, both);
      if (outcome === 'present') both.advance(size);
      const counts = this.#counts;
      this.#counts =
        outcome === 'present'
          ? { ...counts, presentBlobs: counts.presentBlobs + 1 }
          : { ...counts, uploadedBlobs: counts.uploadedBlobs + 1, uploadedBytes: counts.uploadedBytes + size };
    } finally {
      task.drop();
    }
  }
}
