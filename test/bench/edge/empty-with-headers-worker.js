// The limit, when it also sends an answer like the edge's, header for header and byte for byte, and writes the edge's line of log.
let like;
export default {
  fetch(_, { LIKE }) {
    like ??= likeThat(JSON.parse(LIKE));
    console.log(like.line);
    return new Response(like.body, like);
  },
};

function likeThat({ fields, ...rest }) {
  return { ...rest, headers: new Headers(fields) };
}
