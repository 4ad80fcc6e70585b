// The floor, when it also sends the edge's headers and writes its line of log: what the platform takes for an answer like the edge's.
let like;
export default {
  async fetch(request, { BUCKET, LIKE }) {
    like ??= likeThat(JSON.parse(LIKE));
    const key = new URL(request.url).pathname.slice(1);
    const object = await BUCKET.get(key, { range: request.headers });
    console.log(like.line);
    return new Response(object.body, like);
  },
};

function likeThat({ status, fields, line }) {
  return { status, headers: new Headers(fields), line };
}
