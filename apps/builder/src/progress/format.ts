const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes for people, in powers of 1000: `365.2 MB`. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.95 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/** A number of things: `1 blob`, `2 blobs`. */
export function formatCount(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

/** Seconds for people: `9 s`, `2 min 5 s`, `1 h 3 min`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** How far a counted task is: share, bytes, rate and time left; all it knows when it has no total. */
export function formatShare(done: number, total: number | undefined, seconds: number): string {
  const rate = seconds > 0 ? done / seconds : 0;
  const speed = rate > 0 ? `, ${formatBytes(rate)}/s` : '';
  if (total === undefined) return done > 0 ? `${formatBytes(done)}${speed}` : '';
  const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
  const left = rate > 0 && done < total ? `, ${formatSeconds((total - done) / rate)} left` : '';
  return `${percent} % of ${formatBytes(total)}${speed}${left}`;
}
