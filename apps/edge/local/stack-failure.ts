/** The local stack cannot run; the message says in one sentence why and what to do. */
export class StackFailure extends Error {
  override readonly name: string = 'StackFailure';
}
