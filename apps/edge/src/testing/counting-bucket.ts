/** For tests: the real bucket, with what was asked of it written down, and able to fail. */
export interface CountingBucket {
  readonly bucket: R2Bucket;
  /** Such as `get catalog.json`, in order. */
  readonly operations: string[];
  /** While it is true, every operation rejects as R2 does when it is in trouble. */
  failing: boolean;
}

/** Puts a counter in front of a bucket. */
export function countingBucket(real: R2Bucket): CountingBucket {
  const operations: string[] = [];
  const counting: CountingBucket = {
    bucket: new Proxy(real, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...parameters: unknown[]) => {
          operations.push(`${String(name)} ${String(parameters[0])}`);
          if (counting.failing) return Promise.reject(new Error('We encountered an internal error. (10001)'));
          return value.apply(target, parameters);
        };
      },
    }),
    operations,
    failing: false,
  };
  return counting;
}
