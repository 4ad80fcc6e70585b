// The limit: a Worker that does nothing.
export default { fetch: () => new Response('hello\n') };
