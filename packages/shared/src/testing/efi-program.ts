/** The least that is an EFI program: headers with room for more sections, `.sbat` and, at an address behind it, `.text`. */
export function efiProgram({
  nxCompatible = true,
  headersSize = 1024,
  behindSbat = 0x1000,
} = {}): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(headersSize + 1024);
  const view = new DataView(bytes.buffer);
  const text = (at: number, value: string) => bytes.set(new TextEncoder().encode(value), at);
  text(0, 'MZ');
  view.setUint32(0x3c, 64, true);
  text(64, 'PE');
  view.setUint16(70, 2, true);
  view.setUint16(84, 240, true);
  view.setUint16(88, 0x20b, true);
  view.setUint32(96, 700, true);
  view.setUint32(120, 4096, true);
  view.setUint32(124, 512, true);
  view.setUint32(144, 0x2000 + behindSbat, true);
  view.setUint32(148, headersSize, true);
  view.setUint16(158, nxCompatible ? 0x0100 : 0, true);
  const section = (at: number, name: string, size: number, address: number, offset: number) => {
    text(at, name);
    for (const [index, value] of [size, address, 512, offset].entries())
      view.setUint32(at + 8 + 4 * index, value, true);
  };
  const sbat = 'sbat,1,old\nstub,1,Stub,stub,1,https://example.org\n\0';
  section(328, '.sbat', sbat.length, 0x1000, headersSize + 512);
  section(368, '.text', 500, 0x1000 + behindSbat, headersSize);
  text(headersSize + 512, sbat);
  return bytes;
}
