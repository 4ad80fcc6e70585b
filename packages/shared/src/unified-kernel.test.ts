import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  NotUnifiedKernel,
  parseUnifiedKernelHead,
  preparedStub,
  type UnifiedKernel,
  unifiedKernelHead,
  unifiedKernelLayout,
} from './unified-kernel.ts';

/** The least that is an EFI program: headers with room for more sections, `.text` and `.sbat`. */
function program({ nxCompatible = true, headersSize = 1024 } = {}): Uint8Array {
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
  view.setUint32(144, 0x3000, true);
  view.setUint32(148, headersSize, true);
  view.setUint16(158, nxCompatible ? 0x0100 : 0, true);
  const section = (at: number, name: string, size: number, address: number, offset: number) => {
    text(at, name);
    for (const [index, value] of [size, address, 512, offset].entries())
      view.setUint32(at + 8 + 4 * index, value, true);
  };
  section(328, '.text', 500, 0x1000, headersSize);
  const sbat = 'sbat,1,old\nstub,1,Stub,stub,1,https://example.org\n\0';
  section(368, '.sbat', sbat.length, 0x2000, headersSize + 512);
  text(headersSize + 512, sbat);
  return bytes;
}

const size = fc.integer({ min: 1, max: 2 ** 31 });
const line = fc.stringMatching(/^[ -~]{1,2000}$/);
const images = fc.record({
  stub: fc.constant(program()),
  osRelease: line,
  commandLine: line,
  kernelSize: size,
  initrdSize: size,
});

describe('the head of a unified kernel image', () => {
  it('says what it was made of, so that it can be made again with something changed', () => {
    fc.assert(
      fc.property(images, line, size, (image, commandLine, initrdSize) => {
        const head = unifiedKernelHead(image);
        const read = parseUnifiedKernelHead(head);
        expect(unifiedKernelHead(read)).toEqual(head);
        const changed = { commandLine, initrdSize };
        expect(unifiedKernelHead({ ...read, ...changed })).toEqual(unifiedKernelHead({ ...image, ...changed }));
      }),
    );
  });

  it('needs the sizes of kernel and initrd alone, which follow it without overlap', () => {
    fc.assert(
      fc.property(images, (image) => {
        const head = unifiedKernelHead(image);
        const { kernel, initrd, size: whole } = unifiedKernelLayout(head.length, image.kernelSize, image.initrdSize);
        expect(kernel).toBe(head.length);
        expect(initrd - kernel - image.kernelSize).toBeGreaterThanOrEqual(0);
        expect(initrd - kernel - image.kernelSize).toBeLessThan(512);
        expect([kernel, initrd, whole].map((offset) => offset % 512)).toEqual([0, 0, 0]);
        expect(whole - initrd).toBeGreaterThanOrEqual(image.initrdSize);
      }),
    );
  });

  it('is not made of a stub without room for four more sections, or of something else', () => {
    const image: UnifiedKernel = {
      stub: program({ headersSize: 512 }),
      osRelease: 'a',
      commandLine: 'b',
      kernelSize: 1,
      initrdSize: 1,
    };
    expect(() => unifiedKernelHead(image)).toThrow('no room');
    expect(() => unifiedKernelHead({ ...image, stub: new Uint8Array(4096) })).toThrow(NotUnifiedKernel);
    expect(() => parseUnifiedKernelHead(program())).toThrow(NotUnifiedKernel);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        expect(() => parseUnifiedKernelHead(bytes)).toThrow(NotUnifiedKernel);
      }),
    );
  });
});

describe('the stub', () => {
  it('is marked as part of an image, behind its own line', () => {
    const text = new TextDecoder().decode(preparedStub(program(), program()));
    expect(text).toContain('\nstub,1,Stub,stub,1,https://example.org\nuki,1,UKI,uki,1,');
    expect(text).not.toContain('sbat,1,old');
  });

  it('promises non-executable memory only where the kernel does', () => {
    const flag = (bytes: Uint8Array) => new DataView(bytes.buffer).getUint16(158, true) & 0x0100;
    expect(flag(preparedStub(program(), program()))).toBe(0x0100);
    expect(flag(preparedStub(program(), program({ nxCompatible: false })))).toBe(0);
  });
});
