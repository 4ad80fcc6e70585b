/** What is known of an object without reading it. */
export interface ObjectFacts {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  readonly etag: string;
  /** When the server last wrote it, by the server's clock. */
  readonly modified: Date;
}

/** A small object, read whole. */
export interface TextObject {
  readonly text: string;
  readonly etag: string;
}

/** A run of bytes of a file on disk, whose hash is known before it is read: the server refuses anything else. */
export interface FileSlice {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  /** Hex. */
  readonly sha256: string;
}

/** What must hold for a write to happen: the key is free, or holds exactly what was read. */
export type WriteCondition = { readonly ifAbsent: true } | { readonly ifMatch: string };

export interface WriteOptions {
  readonly contentType: string;
  readonly cacheControl: string;
  readonly condition?: WriteCondition;
}

/** One part of a multipart upload that the server holds. */
export interface UploadedPart {
  readonly number: number;
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
}

/** A multipart upload that was begun and not completed. */
export interface OpenUpload {
  readonly key: string;
  readonly id: string;
  readonly begun: Date;
}

/**
 * The one seam to the store of a project: what of the S3 API the builder uses, no more. Every method either does what it
 * says or throws a Failure; retries of what is transient are inside.
 */
export interface Bucket {
  /** For messages: where the bucket is. */
  readonly address: string;
  /** The server's present time, which it is asked for if it has not answered anything yet: the one clock that times are written down by. */
  now(): Promise<Date>;

  /** Undefined when there is no such object. */
  read(key: string): Promise<TextObject | undefined>;
  /** The bytes of an object as they arrive; undefined when there is no such object. */
  open(key: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  stat(key: string): Promise<ObjectFacts | undefined>;
  /** Every object whose key starts so, in the order of keys. */
  list(prefix: string): AsyncIterable<ObjectFacts>;
  /** False when the condition did not hold and nothing was written. */
  write(key: string, text: string, options: WriteOptions): Promise<boolean>;
  /** Deletes an object; also fine when there is none. */
  remove(key: string): Promise<void>;

  /** Writes an object from a slice of a file in one request. */
  upload(key: string, slice: FileSlice, options: UploadOptions): Promise<void>;
  beginUpload(key: string, contentType: string, cacheControl: string): Promise<string>;
  /** Undefined when the server does not know the upload (any more). */
  uploadPart(part: PartAddress, slice: FileSlice, options: PartOptions): Promise<UploadedPart | undefined>;
  /** False when the server does not know the upload (any more). */
  completeUpload(key: string, id: string, parts: readonly UploadedPart[]): Promise<boolean>;
  abortUpload(key: string, id: string): Promise<void>;
  /** Undefined when the server cannot list uploads. */
  openUploads(prefix: string): Promise<OpenUpload[] | undefined>;
  /** Undefined when the server cannot list parts or does not know the upload. */
  partsOf(key: string, id: string): Promise<UploadedPart[] | undefined>;
}

export interface PartAddress {
  readonly key: string;
  readonly id: string;
  /** From 1. */
  readonly number: number;
}

export interface PartOptions {
  /** Called with the number of bytes that went out since the last call; negative when a try was lost and is repeated. */
  readonly onBytes?: (bytes: number) => void;
}

export interface UploadOptions extends PartOptions {
  readonly contentType: string;
  readonly cacheControl: string;
}
