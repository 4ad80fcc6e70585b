import { CATALOG_KEY } from '@nixos-images/shared';
import { Failure } from '../failure.ts';
import type {
  Bucket,
  FileSlice,
  ObjectFacts,
  OpenUpload,
  PartAddress,
  PartOptions,
  TextObject,
  UploadedPart,
  UploadOptions,
  WriteCondition,
  WriteOptions,
} from '../store/bucket.ts';
import { S3Client, type S3Settings } from './client.ts';
import { ObjectList, PartList, parseAnswer, UploadBegun, UploadList } from './xml.ts';

/** A bucket behind the S3 API: R2, the local stack, radosgw. */
export class S3Bucket implements Bucket {
  readonly address: string;
  readonly #client: S3Client;
  readonly #name: string;

  constructor(name: string, settings: S3Settings) {
    this.#name = name;
    this.#client = new S3Client(settings);
    this.address = `${settings.endpoint.host}/${name}`;
  }

  async now(): Promise<Date> {
    if (!this.#client.knowsTime) await this.stat(CATALOG_KEY);
    return this.#client.now();
  }

  #path(key: string): string {
    return `${this.#name}/${key}`;
  }

  async read(key: string): Promise<TextObject | undefined> {
    const { status, headers, text, code } = await this.#client.send({
      method: 'GET',
      path: this.#path(key),
      accept: [404],
    });
    if (status === 404) {
      if (code === 'NoSuchBucket') throw this.#noBucket();
      return undefined;
    }
    return { text, etag: headers.etag ?? '' };
  }

  open(key: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    return this.#client.stream(this.#path(key));
  }

  async stat(key: string): Promise<ObjectFacts | undefined> {
    const { status, headers } = await this.#client.send({ method: 'HEAD', path: this.#path(key), accept: [404] });
    if (status === 404) return undefined;
    return {
      key,
      size: Number(headers['content-length']),
      etag: headers.etag ?? '',
      modified: new Date(headers['last-modified'] ?? 0),
    };
  }

  async *list(prefix: string): AsyncIterable<ObjectFacts> {
    let token: string | undefined;
    do {
      const { text } = await this.#client.send({
        method: 'GET',
        path: this.#name,
        query: { 'list-type': '2', prefix, ...(token !== undefined && { 'continuation-token': token }) },
      });
      const { ListBucketResult: page } = parseAnswer(ObjectList, text);
      for (const { Key: key, Size: size, ETag: etag, LastModified: modified } of page.Contents) {
        yield { key, size, etag, modified };
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async write(key: string, text: string, { contentType, cacheControl, condition }: WriteOptions): Promise<boolean> {
    const { status, code } = await this.#client.send({
      method: 'PUT',
      path: this.#path(key),
      headers: { 'content-type': contentType, 'cache-control': cacheControl, ...conditionHeader(condition) },
      body: text,
      // 409 is S3's answer to two conditional writes at the same moment; 404 its answer to If-Match on a missing key.
      accept: condition === undefined ? [] : [404, 409, 412],
    });
    if (code === 'NoSuchBucket') throw this.#noBucket();
    return status < 300;
  }

  async remove(key: string): Promise<void> {
    await this.#client.send({ method: 'DELETE', path: this.#path(key), accept: [404] });
  }

  async upload(key: string, slice: FileSlice, { contentType, cacheControl, onBytes }: UploadOptions): Promise<void> {
    await this.#client.send({
      method: 'PUT',
      path: this.#path(key),
      headers: { 'content-type': contentType, 'cache-control': cacheControl },
      body: slice,
      ...(onBytes && { onBytes }),
    });
  }

  async beginUpload(key: string, contentType: string, cacheControl: string): Promise<string> {
    const { text } = await this.#client.send({
      method: 'POST',
      path: this.#path(key),
      query: { uploads: '' },
      headers: { 'content-type': contentType, 'cache-control': cacheControl },
    });
    return parseAnswer(UploadBegun, text).InitiateMultipartUploadResult.UploadId;
  }

  async uploadPart(
    { key, id, number }: PartAddress,
    slice: FileSlice,
    { onBytes }: PartOptions,
  ): Promise<UploadedPart | undefined> {
    const { status, headers } = await this.#client.send({
      method: 'PUT',
      path: this.#path(key),
      query: { partNumber: `${number}`, uploadId: id },
      body: slice,
      ...(onBytes && { onBytes }),
      accept: [404],
    });
    return status === 404 ? undefined : { number, etag: headers.etag ?? '', size: slice.length };
  }

  async completeUpload(key: string, id: string, parts: readonly UploadedPart[]): Promise<boolean> {
    const list = parts.map(({ number, etag }) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`);
    const { status, code } = await this.#client.send({
      method: 'POST',
      path: this.#path(key),
      query: { uploadId: id },
      headers: { 'content-type': 'application/xml' },
      body: `<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`,
      accept: [404],
    });
    // S3 may begin its answer with 200 and fail afterwards, with the error in the body.
    if (status !== 404 && code !== undefined) {
      throw new Failure(`The bucket answered ${code} at the end of the upload of ${key}.`, {
        remedy: 'Run the same command again: it continues where it stopped.',
      });
    }
    return status !== 404;
  }

  async abortUpload(key: string, id: string): Promise<void> {
    await this.#client.send({ method: 'DELETE', path: this.#path(key), query: { uploadId: id }, accept: [404] });
  }

  async openUploads(prefix: string): Promise<OpenUpload[] | undefined> {
    const uploads: OpenUpload[] = [];
    let markers: Record<string, string> = {};
    for (;;) {
      const { status, text } = await this.#client.send({
        method: 'GET',
        path: this.#name,
        query: { uploads: '', prefix, ...markers },
        accept: [400, 405, 501],
      });
      if (status >= 300) return undefined;
      const { ListMultipartUploadsResult: page } = parseAnswer(UploadList, text);
      uploads.push(
        ...page.Upload.map(({ Key, UploadId, Initiated }) => ({ key: Key, id: UploadId, begun: Initiated })),
      );
      if (!page.IsTruncated || page.NextKeyMarker === undefined) return uploads;
      markers = { 'key-marker': page.NextKeyMarker, 'upload-id-marker': page.NextUploadIdMarker ?? '' };
    }
  }

  async partsOf(key: string, id: string): Promise<UploadedPart[] | undefined> {
    const parts: UploadedPart[] = [];
    let marker: Record<string, string> = {};
    for (;;) {
      const { status, text } = await this.#client.send({
        method: 'GET',
        path: this.#path(key),
        query: { uploadId: id, ...marker },
        accept: [400, 404, 405, 501],
      });
      if (status >= 300) return undefined;
      const { ListPartsResult: page } = parseAnswer(PartList, text);
      parts.push(...page.Part.map(({ PartNumber, ETag, Size }) => ({ number: PartNumber, etag: ETag, size: Size })));
      if (!page.IsTruncated || page.NextPartNumberMarker === undefined) return parts;
      marker = { 'part-number-marker': page.NextPartNumberMarker };
    }
  }

  #noBucket(): Failure {
    return new Failure(`There is no bucket ${this.#name} at ${this.address.split('/')[0]}.`, {
      remedy: 'Create it, or correct bucket.name in the config.',
    });
  }
}

function conditionHeader(condition: WriteCondition | undefined): Record<string, string> {
  if (condition === undefined) return {};
  return 'ifAbsent' in condition ? { 'if-none-match': '*' } : { 'if-match': condition.ifMatch };
}
