import { XMLParser } from 'fast-xml-parser';
import * as v from 'valibot';
import { Failure } from '../failure.ts';

// Values stay text: keys and ETags that look like numbers must not become some.
const parser = new XMLParser({
  parseTagValue: false,
  isArray: (name) => ['Contents', 'Part', 'Upload'].includes(name),
});

const ErrorBody = v.object({ Error: v.object({ Code: v.string() }) });

/** S3's error code in a response's body; undefined if it is no S3 error. */
export function errorCodeIn(text: string): string | undefined {
  if (!text.includes('<Error>')) return undefined;
  const result = v.safeParse(ErrorBody, parser.parse(text));
  return result.success ? result.output.Error.Code : undefined;
}

const Flag = v.pipe(
  v.optional(v.string(), 'false'),
  v.transform((text) => text === 'true'),
);
const Bytes = v.pipe(v.string(), v.transform(Number), v.safeInteger());
const Moment = v.pipe(
  v.string(),
  v.transform((text) => new Date(text)),
  v.date(),
);

/** An answer to ListObjectsV2. */
export const ObjectList = v.object({
  ListBucketResult: v.object({
    IsTruncated: Flag,
    NextContinuationToken: v.optional(v.string()),
    Contents: v.optional(
      v.array(v.object({ Key: v.string(), Size: Bytes, LastModified: Moment, ETag: v.string() })),
      [],
    ),
  }),
});

/** An answer to CreateMultipartUpload. */
export const UploadBegun = v.object({ InitiateMultipartUploadResult: v.object({ UploadId: v.string() }) });

/** An answer to ListMultipartUploads. */
export const UploadList = v.object({
  ListMultipartUploadsResult: v.object({
    IsTruncated: Flag,
    NextKeyMarker: v.optional(v.string()),
    NextUploadIdMarker: v.optional(v.string()),
    Upload: v.optional(v.array(v.object({ Key: v.string(), UploadId: v.string(), Initiated: Moment })), []),
  }),
});

/** An answer to ListParts. */
export const PartList = v.object({
  ListPartsResult: v.object({
    IsTruncated: Flag,
    NextPartNumberMarker: v.optional(v.string()),
    Part: v.optional(
      v.array(v.object({ PartNumber: v.pipe(v.string(), v.transform(Number)), ETag: v.string(), Size: Bytes })),
      [],
    ),
  }),
});

/**
 * Reads an answer of the server.
 * @throws Failure when the server answered something else.
 */
export function parseAnswer<Schema extends v.GenericSchema>(schema: Schema, text: string): v.InferOutput<Schema> {
  const result = v.safeParse(schema, parser.parse(text));
  if (result.success) return result.output;
  throw new Failure(`The server answered something that is not S3: ${text.slice(0, 80).replace(/\s+/g, ' ')}`, {
    remedy: 'Check that the endpoint in the config is the one of the S3 API.',
  });
}
