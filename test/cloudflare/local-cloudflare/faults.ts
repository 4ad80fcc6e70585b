/** What can go wrong with one request. */
export type Fault =
  /** 429 with `retry-after`, in seconds. */
  | { readonly kind: 'rate-limit'; readonly retryAfter: number }
  | { readonly kind: 'server-error'; readonly status: 500 | 502 | 503 }
  | { readonly kind: 'refusal'; readonly status: number; readonly code: number; readonly message: string }
  /** The connection ends before anything is done. */
  | { readonly kind: 'cut' }
  /** It is done, and the connection ends before the answer. */
  | { readonly kind: 'cut-after' };

/** What the server is asked to do, as faults and records name it. */
export interface Operation {
  readonly method: string;
  readonly path: string;
}

/** Which requests fail, and how. */
export class Faults {
  readonly #planned: { fault: Fault; matches: (operation: Operation) => boolean; times: number }[] = [];

  /** The next `times` requests that match fail so. */
  plan(fault: Fault, matches: (operation: Operation) => boolean, times = 1): void {
    this.#planned.push({ fault, matches, times });
  }

  /** The fault that a request meets, if any; it is used up by that. */
  meet(operation: Operation): Fault | undefined {
    const planned = this.#planned.find(({ matches, times }) => times > 0 && matches(operation));
    if (planned === undefined) return undefined;
    planned.times -= 1;
    return planned.fault;
  }
}
