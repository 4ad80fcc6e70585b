/** The local edge cannot run; the message says in one sentence why and what to do. */
export class LocalEdgeFailure extends Error {
  override readonly name: string = 'LocalEdgeFailure';
}
