import { HEADERS, LINE } from './headers.js';

// The floor, when it also sends the headers of the edge and writes a line of log: what the platform takes for an answer like the edge's.
export default {
  async fetch(request, env) {
    const key = new URL(request.url).pathname.slice(1);
    const object = await env.BUCKET.get(key, { range: request.headers });
    console.log(LINE);
    return new Response(object.body, { status: request.headers.has('Range') ? 206 : 200, headers: HEADERS });
  },
};
