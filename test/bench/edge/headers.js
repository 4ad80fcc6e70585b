/** As many headers as the edge sends, as long as its. */
export const HEADERS = new Headers({
  ETag: '"0123456789012345678901234567890123456789012345678901234567890123"',
  'Last-Modified': 'Thu, 20 Aug 2026 04:05:06 GMT',
  'Cache-Control': 'public, max-age=0, must-revalidate',
  'Content-Location': '/netboot@26.05.20260820.e17386d/x86_64/interactive.ipxe',
  'Accept-Ranges': 'bytes',
  'X-Content-Type-Options': 'nosniff',
  'Content-Type': 'text/plain; charset=utf-8',
  'Content-Disposition': 'inline; filename="smoke-netboot-26.05.20260820.e17386d-x86_64-interactive.ipxe"',
  'Repr-Digest': 'sha-256=:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=:',
});

/** A line as long as the edge's. */
export const LINE = JSON.stringify({
  method: 'GET',
  path: '/netboot/x86_64.ipxe',
  status: 200,
  bytes: 589,
  catalog: 'held',
  kind: 'netboot',
  arch: 'x86_64',
  variant: 'interactive',
  channel: 'nixos-26.05',
  version: '26.05.20260820.e17386d',
  part: 'script',
  view: 'itself',
});
