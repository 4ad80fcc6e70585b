import { Catalog, formatAddress } from '@nixos-images/shared';
import { toJsonSchema } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import { Health, ImageDescription, KexecScriptDescription, ReleaseDescription } from '../src/answers/descriptions.ts';
import { ProblemDetails } from '../src/http/problem-response.ts';

/** The JSON schema of what an answer holds. Checks that JSON schema cannot express (brands, own predicates) are left out. */
function schemaOf(schema: v.GenericSchema): object {
  const { $schema: _, ...json } = toJsonSchema(schema, { errorMode: 'ignore', typeMode: 'output' });
  return json;
}

const parameter = (name: string, description: string, example: string) => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: { type: 'string' },
  example,
});

const KIND = parameter(
  'kind',
  'kexec, iso or netboot; with @ and an alias, channel or version behind it',
  'kexec@latest',
);
const ARCH = parameter('arch', 'uname -m name, or what else the architecture is called', 'x86_64');
const CUSTOMISATION = parameter(
  'customisation',
  'What is added, with commas between: github:<account> (or gitlab, codeberg, sourcehut), key:<base64url>, hostname:<name>, password:<base64url>, cmdline:<base64url>',
  'github:alice,hostname:web-1',
);
const CHANNEL = parameter('channel', 'Channel, or one of its other names', 'nixos-26.05');
const VERSION = parameter('version', 'One release', '26.05.20260820.e17386d');

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const json = (name: string, description: string) => ({
  description,
  content: { 'application/json': { schema: ref(name) } },
});
const bytes = (description: string, type: string) => ({
  description,
  headers: {
    ETag: { description: 'Strong, made of the SHA-256', schema: { type: 'string' } },
    'Repr-Digest': { description: 'SHA-256 of the whole file (RFC 9530)', schema: { type: 'string' } },
    'Content-Location': { description: 'The address that never gives anything else', schema: { type: 'string' } },
  },
  content: { [type]: {} },
});
const failures = {
  '404': {
    description: 'No such address; the answer lists those that exist',
    content: { 'application/problem+json': { schema: ref('Problem') } },
  },
  '503': {
    description: 'Nothing is published yet, or the bucket cannot be read',
    content: { 'application/problem+json': { schema: ref('Problem') } },
  },
};
const get = (operationId: string, summary: string, parameters: readonly object[], success: object) => ({
  get: { operationId, summary, parameters, responses: { '200': success, ...failures } },
});

/** The OpenAPI 3.1 description of the edge, made of the schemas that its answers are made by. */
export function openApiDocument(): object {
  const file = (operationId: string, summary: string, parameters: readonly object[], type: string) => ({
    ...get(operationId, summary, parameters, bytes('The file', type)).get,
    responses: {
      '200': bytes('The file', type),
      '206': bytes('The range that was asked for', type),
      '304': { description: 'The client has it already' },
      '412': { description: 'If-Match or If-Unmodified-Since does not hold' },
      '416': { description: 'The range is outside the file' },
      ...failures,
    },
  });
  return {
    openapi: '3.1.0',
    info: {
      title: 'NixOS installer images',
      version: '1',
      description:
        'Addresses are explained in docs/addresses.md. A variant may follow the architecture as a segment of its own.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    paths: {
      '/{kind}/{arch}': { get: file('file', 'The file itself', [KIND, ARCH], 'application/octet-stream') },
      '/netboot/{arch}.efi': {
        get: file('efi', 'Kernel, initrd and command line as one EFI file', [ARCH], 'application/efi'),
      },
      '/{kind}/{arch}.sha256': get('sha256', 'A line for sha256sum -c', [KIND, ARCH], bytes('The line', 'text/plain')),
      '/{kind}/{arch}.minisig': get(
        'minisig',
        'The minisign signature',
        [KIND, ARCH],
        bytes('The signature', 'text/plain'),
      ),
      '/{kind}/{arch}.json': get(
        'image',
        'What the address gives',
        [KIND, ARCH],
        json('Image', 'The facts of an image'),
      ),
      '/with/{customisation}/{kind}/{arch}': get(
        'customisedFile',
        'The same with what the customisation adds; every suffix but .sha256 and .minisig works there, too',
        [CUSTOMISATION, KIND, ARCH],
        bytes('The file', 'application/octet-stream'),
      ),
      '/with/{customisation}/{kind}/{arch}.json': get(
        'customisedImage',
        'Whose keys it lets in, and how to check the rest',
        [CUSTOMISATION, KIND, ARCH],
        json('Image', 'The facts of an image'),
      ),
      '/netboot/{arch}/cmdline': get('cmdline', 'The kernel command line', [ARCH], bytes('The line', 'text/plain')),
      '/kexec.sh': get('script', 'A shell script for every Linux', [], bytes('The script', 'text/plain')),
      '/kexec.sh.sha256': get('scriptSha256', 'A line for sha256sum -c', [], bytes('The line', 'text/plain')),
      '/kexec.sh.json': get(
        'scriptFacts',
        'What the script downloads',
        [],
        json('KexecScript', 'The facts of the script'),
      ),
      '/with/{customisation}/kexec.sh': get(
        'customisedScript',
        'The script with what the customisation adds',
        [CUSTOMISATION],
        bytes('The script', 'text/plain'),
      ),
      '/with/{customisation}/boot.ipxe': get(
        'customisedBoot',
        'The menu with what the customisation adds',
        [CUSTOMISATION],
        bytes('The script', 'text/plain'),
      ),
      '/channels/{channel}': get(
        'channel',
        'How far a channel is, its names and releases',
        [CHANNEL],
        bytes('A page, or text', 'text/html'),
      ),
      [formatAddress({ type: 'releases' })]: get(
        'releases',
        'Every version',
        [],
        bytes('A page, or text', 'text/html'),
      ),
      '/releases/{version}/': get('files', 'What a release has', [VERSION], bytes('A page, or text', 'text/html')),
      '/boot.ipxe': get('boot', 'One iPXE script for every machine', [], bytes('The script', 'text/plain')),
      '/v1/catalog.json': get('catalog', 'Where each channel is', [], json('Catalog', 'The catalog')),
      '/v1/releases/{version}.json': get(
        'release',
        'One release',
        [VERSION],
        json('Release', 'Manifest and boot tests'),
      ),
      '/feed.atom': get('feed', 'Releases as they come', [], bytes('An Atom feed', 'application/atom+xml')),
      '/healthz': {
        get: {
          operationId: 'health',
          summary: 'Whether the bucket can be read and every live channel is young enough',
          parameters: [],
          responses: { '200': json('Health', 'Healthy'), '503': json('Health', 'Not healthy, with the reasons') },
        },
      },
    },
    components: {
      schemas: {
        Catalog: schemaOf(Catalog),
        Release: schemaOf(ReleaseDescription),
        Image: schemaOf(ImageDescription),
        KexecScript: schemaOf(KexecScriptDescription),
        Health: schemaOf(Health),
        Problem: schemaOf(ProblemDetails),
      },
    },
  };
}
