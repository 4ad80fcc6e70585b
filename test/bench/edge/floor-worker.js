// The platform's floor: the least that a Worker in front of a bucket can do.
export default {
  async fetch(request, env) {
    const key = new URL(request.url).pathname.slice(1);
    if (request.method === 'HEAD') {
      const object = await env.BUCKET.head(key);
      return new Response(null, { headers: { ETag: object.httpEtag, 'Content-Length': String(object.size) } });
    }
    const object = await env.BUCKET.get(key, { range: request.headers });
    return new Response(object.body, {
      status: request.headers.has('Range') ? 206 : 200,
      headers: { ETag: object.httpEtag },
    });
  },
};
