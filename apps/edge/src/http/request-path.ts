/** A path that stays as it is when it is read as part of an address: plain characters, and no segment that begins with a dot. */
const PLAIN = /^(\/[\w@~+:,-][\w@~+:,.-]*)+\/?$/;

/**
 * The path of a request's address, as `new URL(url).pathname` gives it. For the paths that downloads have it is cut out: reading the
 * whole address takes longer than all the rest of a small answer.
 */
export function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3);
  const query = url.indexOf('?');
  const path = start < 0 ? '' : url.slice(start, query < 0 ? undefined : query);
  return PLAIN.test(path) ? path : new URL(url).pathname;
}
