const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  return crc;
});

/** The register of RFC 1952's CRC-32 (section 8) after some bytes. */
function crcRegister(bytes: Uint8Array, start: number): number {
  let crc = start;
  for (const byte of bytes) crc = (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return crc >>> 0;
}

function crc32(bytes: Uint8Array): number {
  return (crcRegister(bytes, 0xffffffff) ^ 0xffffffff) >>> 0;
}

/**
 * Sets the last four bytes so that these bytes, put in place of as many zeros, leave the CRC-32 of whatever they stand in as it
 * was. A CRC is linear: what counts is the register that the difference to the zeros leaves, from 0 on, and the register's own
 * bytes, fed to it, bring it back to 0.
 */
export function keepCrc(bytes: Uint8Array): void {
  const free = bytes.length - 4;
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(free, crcRegister(bytes.subarray(0, free), 0), true);
}

/** Longest stored block of deflate, in bytes (RFC 1951, section 3.2.4). */
const LONGEST_BLOCK = 65_535;

/**
 * A gzip member (RFC 1952) that holds bytes uncompressed, so that the same bytes always give the same member, whichever zlib a
 * runtime has. Members may follow one another.
 */
export function gzipMember(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const blocks = Math.max(1, Math.ceil(bytes.length / LONGEST_BLOCK));
  const member = new Uint8Array(10 + blocks * 5 + bytes.length + 8);
  const view = new DataView(member.buffer);
  // Magic, deflate, no flags, no time, no extra flags, unknown operating system.
  member.set([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
  let at = 10;
  for (let block = 0; block < blocks; block += 1) {
    const part = bytes.subarray(block * LONGEST_BLOCK, (block + 1) * LONGEST_BLOCK);
    member[at] = block === blocks - 1 ? 1 : 0;
    view.setUint16(at + 1, part.length, true);
    view.setUint16(at + 3, ~part.length & 0xffff, true);
    member.set(part, at + 5);
    at += 5 + part.length;
  }
  view.setUint32(at, crc32(bytes), true);
  view.setUint32(at + 4, bytes.length, true);
  return member;
}
