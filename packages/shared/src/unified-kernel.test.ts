import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { efiProgram } from './testing/efi-program.ts';
import {
  NotUnifiedKernel,
  parseUnifiedKernelHead,
  preparedStub,
  type UnifiedKernel,
  unifiedKernelHead,
} from './unified-kernel.ts';
import { paddingTo } from './unified-kernel-layout.ts';

const size = fc.integer({ min: 1, max: 2 ** 30 });
const line = fc.stringMatching(/^[ -~]{1,2000}$/);
const images = fc.record({
  stub: fc.constant(efiProgram()),
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

  it('says where kernel and initrd stand behind it, each at a multiple of 512, without overlap', () => {
    fc.assert(
      fc.property(images, (image) => {
        const head = unifiedKernelHead(image);
        const view = new DataView(head.buffer);
        // The third and fourth of the four sections behind the stub's two: size, padded size and offset.
        const [kernel, initrd] = [4, 5].map((index) =>
          [8, 16, 20].map((field) => view.getUint32(328 + 40 * index + field, true)),
        );
        const padded = (size: number) => size + paddingTo(512, size);
        expect(head.length % 512).toBe(0);
        expect(kernel).toEqual([image.kernelSize, padded(image.kernelSize), head.length]);
        expect(initrd).toEqual([image.initrdSize, padded(image.initrdSize), head.length + padded(image.kernelSize)]);
      }),
    );
  });

  it('is not made of a stub without room for four more sections, or of something else', () => {
    const image: UnifiedKernel = {
      stub: efiProgram({ headersSize: 512 }),
      osRelease: 'a',
      commandLine: 'b',
      kernelSize: 1,
      initrdSize: 1,
    };
    expect(() => unifiedKernelHead(image)).toThrow('no room');
    expect(() => unifiedKernelHead({ ...image, stub: new Uint8Array(4096) })).toThrow(NotUnifiedKernel);
    expect(() => parseUnifiedKernelHead(efiProgram())).toThrow(NotUnifiedKernel);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        expect(() => parseUnifiedKernelHead(bytes)).toThrow(NotUnifiedKernel);
      }),
    );
  });
});

describe('the stub', () => {
  it('is marked as part of an image, behind its own line', () => {
    const text = new TextDecoder().decode(preparedStub(efiProgram(), efiProgram()));
    expect(text).toContain('\nstub,1,Stub,stub,1,https://example.org\nuki,1,UKI,uki,1,');
    expect(text).not.toContain('sbat,1,old');
  });

  it('stays as it is where something follows so closely in memory that there is no room for its mark', () => {
    const stub = efiProgram({ behindSbat: 128 });
    expect(preparedStub(stub, stub)).toEqual(stub);
  });

  it('promises non-executable memory only where the kernel does', () => {
    const flag = (bytes: Uint8Array) => new DataView(bytes.buffer).getUint16(158, true) & 0x0100;
    expect(flag(preparedStub(efiProgram(), efiProgram()))).toBe(0x0100);
    expect(flag(preparedStub(efiProgram(), efiProgram({ nxCompatible: false })))).toBe(0);
  });
});
