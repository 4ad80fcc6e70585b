/** A part of a representation, in bytes from its start. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** What a Range header asks for: one range, everything (no range, or one that is not understood), or nothing that exists. */
export type RangeRequest = ByteRange | 'whole' | 'unsatisfiable';

/**
 * Reads a Range header against a representation of `size` bytes (RFC 9110, section 14.2).
 *
 * Several ranges: those outside are dropped; one that is left is answered, more than one gives the whole, because a server may
 * ignore the header and no download client needs `multipart/byteranges`.
 */
export function readRange(header: string | null, size: number): RangeRequest {
  const set = header === null ? null : /^bytes=(.*)$/i.exec(header.trim());
  if (set === null) return 'whole';
  const ranges: ByteRange[] = [];
  let count = 0;
  for (const item of (set[1] ?? '').split(',')) {
    const spec = item.replace(/^[ \t]+|[ \t]+$/g, '');
    // Empty list elements are allowed (RFC 9110, section 5.6.1.2).
    if (spec === '') continue;
    count += 1;
    const range = readSpec(spec, size);
    if (range === 'invalid') return 'whole';
    if (range !== 'unsatisfiable') ranges.push(range);
  }
  if (count === 0) return 'whole';
  const [only, second] = ranges;
  if (only === undefined) return 'unsatisfiable';
  return second === undefined ? only : 'whole';
}

function readSpec(spec: string, size: number): ByteRange | 'invalid' | 'unsatisfiable' {
  const parts = /^(\d*)-(\d*)$/.exec(spec);
  if (parts === null || spec === '-') return 'invalid';
  const [, from = '', to = ''] = parts;
  if (from === '') {
    const length = Math.min(Number(to), size);
    return length === 0 ? 'unsatisfiable' : { offset: size - length, length };
  }
  const offset = Number(from);
  const last = to === '' ? Number.POSITIVE_INFINITY : Number(to);
  if (last < offset) return 'invalid';
  return offset >= size ? 'unsatisfiable' : { offset, length: Math.min(last, size - 1) - offset + 1 };
}

/** The Content-Range header of a part of `size` bytes (RFC 9110, section 14.4). */
export function contentRange({ offset, length }: ByteRange, size: number): string {
  return `bytes ${offset}-${offset + length - 1}/${size}`;
}
