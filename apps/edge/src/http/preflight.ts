import { CORS } from './represent.ts';

const METHODS = 'GET, HEAD, OPTIONS';

/** Tells a browser, before it asks on behalf of another site, what may be asked. */
export function preflightResponse(): Response {
  return new Response(null, {
    status: 204,
    headers: {
      ...CORS,
      Allow: METHODS,
      'Access-Control-Allow-Methods': METHODS,
      'Access-Control-Allow-Headers': 'If-None-Match, If-Match, If-Range, Range',
      'Access-Control-Max-Age': '86400',
    },
  });
}
