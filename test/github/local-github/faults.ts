/** What can go wrong with one request. */
export type Fault =
  /** 403 with `retry-after`, as GitHub slows down those who write too fast. */
  | { readonly kind: 'secondary-rate-limit'; readonly retryAfter: number }
  /** 403 with `x-ratelimit-remaining: 0` and the second at which it is over. */
  | { readonly kind: 'primary-rate-limit'; readonly resetIn: number }
  | { readonly kind: 'server-error'; readonly status: 500 | 502 | 503 }
  /** The connection ends before anything is done. */
  | { readonly kind: 'cut' }
  /** It is done, and the connection ends before the answer. */
  | { readonly kind: 'cut-after' }
  /** The first half of an upload arrives; GitHub answers 502 and keeps an asset in the state `starter`. */
  | { readonly kind: 'upload-breaks' }
  /** The upload arrives whole, and the asset stays a `starter` all the same. */
  | { readonly kind: 'upload-sticks' }
  /** The first half of a download arrives, then the connection ends. */
  | { readonly kind: 'download-breaks' }
  /** The right number of bytes, one of them wrong. */
  | { readonly kind: 'download-garbles' };

/** What the server is asked to do, as faults and records name it. */
export interface Operation {
  /** From 1, over the life of the server. */
  readonly number: number;
  readonly method: string;
  readonly path: string;
}

interface PlannedFault {
  readonly fault: Fault;
  readonly matches: (operation: Operation) => boolean;
  /** How many more requests it meets. */
  times: number;
}

/** Which requests fail, and how. */
export class Faults {
  #planned: PlannedFault[] = [];

  /** The next `times` requests that match fail so. */
  plan(fault: Fault, matches: (operation: Operation) => boolean, times = 1): void {
    this.#planned.push({ fault, matches, times });
  }

  clear(): void {
    this.#planned = [];
  }

  /** The fault that a request meets, if any; it is used up by that. */
  meet(operation: Operation): Fault | undefined {
    const planned = this.#planned.find(({ matches, times }) => times > 0 && matches(operation));
    if (planned === undefined) return undefined;
    planned.times -= 1;
    return planned.fault;
  }
}
