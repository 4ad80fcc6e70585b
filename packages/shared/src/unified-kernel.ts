/**
 * A unified kernel image: one EFI program made of systemd's stub, a command line, a kernel and an initrd
 * (https://uapi-group.org/specifications/specs/unified_kernel_image/). Only its head depends on anything but sizes, so a file of
 * hundreds of megabytes is joined out of blobs that are stored anyway: head, kernel, padding, initrd, padding. Offsets are those of
 * Microsoft's PE format, the order of sections and every byte those of systemd's `ukify`.
 */
import { paddingTo, UNIFIED_KERNEL_ALIGNMENT } from './unified-kernel-layout.ts';

/** All that the head of a unified kernel image is made of. Sizes are in bytes. */
export interface UnifiedKernel {
  /** systemd's stub, ready to take more sections. */
  readonly stub: Uint8Array;
  /** The text of the system's os-release file; systemd-boot shows no entry without one. */
  readonly osRelease: string;
  /** Kernel parameters, separated by blanks. */
  readonly commandLine: string;
  readonly kernelSize: number;
  readonly initrdSize: number;
}

/** The bytes are not an EFI program of the form that is needed; the message says what is missing. */
export class NotUnifiedKernel extends Error {
  override readonly name = 'NotUnifiedKernel';
}

const SECTIONS = ['.osrel', '.cmdline', '.linux', '.initrd'] as const;
type Section = (typeof SECTIONS)[number];

const SECTION_HEADER = 40;
// IMAGE_SCN_MEM_READ with IMAGE_SCN_CNT_INITIALIZED_DATA; kernels older than 5.7 are run where they lie, hence IMAGE_SCN_CNT_CODE.
const DATA = 0x40000040;
const CODE = 0x40000020;
const NX_COMPAT = 0x0100;
const encoder = /* @__PURE__ */ new TextEncoder();
const decoder = /* @__PURE__ */ new TextDecoder();

/** The head of a unified kernel image: everything before the kernel. */
export function unifiedKernelHead(image: UnifiedKernel): Uint8Array<ArrayBuffer> {
  const osRelease = encoder.encode(image.osRelease);
  const commandLine = encoder.encode(image.commandLine);
  const pe = new PeHead(image.stub);
  const first = pe.sectionCount;
  const sizes: Record<Section, number> = {
    '.osrel': osRelease.length,
    '.cmdline': commandLine.length,
    '.linux': image.kernelSize,
    '.initrd': image.initrdSize,
  };
  if (pe.sectionHeader(first + SECTIONS.length) > pe.headersSize) {
    throw new NotUnifiedKernel('the stub has no room for more sections');
  }
  const head = new PeHead(
    extended(
      image.stub,
      up(osRelease.length, UNIFIED_KERNEL_ALIGNMENT),
      up(commandLine.length, UNIFIED_KERNEL_ALIGNMENT),
    ),
  );
  let offset = image.stub.length;
  let address = up(pe.endOfSection(first - 1), pe.sectionAlignment);
  SECTIONS.forEach((name, index) => {
    const size = sizes[name];
    head.writeSection(first + index, { name, address, size, offset, characteristics: name === '.linux' ? CODE : DATA });
    if (name === '.osrel') head.bytes.set(osRelease, offset);
    if (name === '.cmdline') head.bytes.set(commandLine, offset);
    offset += up(size, UNIFIED_KERNEL_ALIGNMENT);
    address = up(address + size, pe.sectionAlignment);
  });
  head.sectionCount = first + SECTIONS.length;
  head.initializedData = pe.initializedData + SECTIONS.reduce((sum, name) => sum + sizes[name], 0);
  head.imageSize = address;
  return head.bytes;
}

/**
 * What a head was made of: `unifiedKernelHead` makes the same bytes of it again, or others of something changed in it.
 * @throws NotUnifiedKernel for bytes that `unifiedKernelHead` did not make.
 */
export function parseUnifiedKernelHead(head: Uint8Array): UnifiedKernel {
  const pe = new PeHead(head);
  const first = pe.sectionCount - SECTIONS.length;
  const [osrel, cmdline, linux, initrd] = SECTIONS.map((name, index) => {
    const section = first + index < 1 ? undefined : pe.readSection(first + index);
    if (section?.name !== name) throw new NotUnifiedKernel(`there is no section ${name} where it should be`);
    return section;
  });
  if (osrel === undefined || cmdline === undefined || linux === undefined || initrd === undefined) {
    throw new NotUnifiedKernel('sections are missing');
  }
  if (linux.offset !== head.length) throw new NotUnifiedKernel('it is not as long as it says');
  const text = ({ offset, size }: PeSection) => decoder.decode(head.subarray(offset, offset + size));
  const stub = new PeHead(head.slice(0, osrel.offset));
  stub.sectionCount = first;
  stub.initializedData = pe.initializedData - osrel.size - cmdline.size - linux.size - initrd.size;
  stub.imageSize = up(stub.endOfSection(first - 1), stub.sectionAlignment);
  stub.bytes.fill(0, pe.sectionHeader(first), pe.sectionHeader(first + SECTIONS.length));
  return {
    stub: stub.bytes,
    osRelease: text(osrel),
    commandLine: text(cmdline),
    kernelSize: linux.size,
    initrdSize: initrd.size,
  };
}

/**
 * systemd's stub as it goes into a unified kernel image: marked as one in its SBAT, by which Secure Boot revokes
 * (https://github.com/rhboot/shim/blob/main/SBAT.md) if there is room, and without NX_COMPAT where the kernel cannot do that. The kernel's own SBAT, which few have, is not taken over.
 * @param kernelStart the kernel's first bytes, up to the end of its PE headers
 * @throws NotUnifiedKernel when either is no EFI program, or the stub has no room.
 */
export function preparedStub(stub: Uint8Array, kernelStart: Uint8Array): Uint8Array<ArrayBuffer> {
  const pe = new PeHead(extended(stub, up(stub.length, UNIFIED_KERNEL_ALIGNMENT) - stub.length));
  for (let index = 0; index < pe.sectionCount; index += 1) {
    const { name, offset, size } = pe.readSection(index);
    if (name !== '.sbat') continue;
    const [, ...lines] = decoder
      .decode(pe.bytes.subarray(offset, offset + size))
      .replace(/\0+$/, '')
      .trimEnd()
      .split('\n');
    const sbat = encoder.encode(`${[SBAT_VERSION, ...lines, SBAT_OF_IMAGE].join('\n')}\n\0`);
    // Debian 12's (252) has other sections close behind it; that one stays as it is.
    if (sbat.length <= pe.roomOf(index)) pe.replaceContent(index, sbat);
  }
  if (!new PeHead(kernelStart).isNxCompatible) pe.clearNxCompatible();
  return pe.bytes;
}

const SBAT_VERSION = 'sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md';
const SBAT_OF_IMAGE = 'uki,1,UKI,uki,1,https://uapi-group.org/specifications/specs/unified_kernel_image/';

interface PeSection {
  readonly name: string;
  /** In memory, from the image's base. */
  readonly address: number;
  /** Without padding. */
  readonly size: number;
  /** In the file. */
  readonly offset: number;
  readonly characteristics: number;
}

/** The headers of a PE32+ program (https://learn.microsoft.com/windows/win32/debug/pe-format), read and written in place. */
class PeHead {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #coff: number;
  readonly #optional: number;

  constructor(bytes: Uint8Array) {
    this.bytes = new Uint8Array(bytes);
    this.#view = new DataView(this.bytes.buffer);
    if (bytes.length < 64 || this.#view.getUint16(0, true) !== 0x5a4d)
      throw new NotUnifiedKernel('it is no EFI program');
    const signature = this.#view.getUint32(0x3c, true);
    if (signature + 248 > bytes.length || this.#view.getUint32(signature, true) !== 0x4550) {
      throw new NotUnifiedKernel('it is no EFI program');
    }
    this.#coff = signature + 4;
    this.#optional = this.#coff + 20;
    if (this.#view.getUint16(this.#optional, true) !== 0x20b) throw new NotUnifiedKernel('it is no 64-bit EFI program');
  }

  get sectionCount(): number {
    return this.#view.getUint16(this.#coff + 2, true);
  }
  set sectionCount(count: number) {
    this.#view.setUint16(this.#coff + 2, count, true);
  }
  get initializedData(): number {
    return this.#view.getUint32(this.#optional + 8, true);
  }
  set initializedData(size: number) {
    this.#view.setUint32(this.#optional + 8, size, true);
  }
  get sectionAlignment(): number {
    return this.#view.getUint32(this.#optional + 32, true);
  }
  set imageSize(size: number) {
    this.#view.setUint32(this.#optional + 56, size, true);
  }
  /** Firmware looks at no section header beyond it. */
  get headersSize(): number {
    return this.#view.getUint32(this.#optional + 60, true);
  }
  get isNxCompatible(): boolean {
    return (this.#view.getUint16(this.#optional + 70, true) & NX_COMPAT) !== 0;
  }

  clearNxCompatible(): void {
    this.#view.setUint16(this.#optional + 70, this.#view.getUint16(this.#optional + 70, true) & ~NX_COMPAT, true);
  }

  /** Where the header of a section stands in the file. */
  sectionHeader(index: number): number {
    return this.#optional + this.#view.getUint16(this.#coff + 16, true) + index * SECTION_HEADER;
  }

  endOfSection(index: number): number {
    const { address, size } = this.readSection(index);
    return address + size;
  }

  readSection(index: number): PeSection {
    const at = this.sectionHeader(index);
    if (at + SECTION_HEADER > this.bytes.length) throw new NotUnifiedKernel('its section table is cut off');
    return {
      name: decoder.decode(this.bytes.subarray(at, at + 8)).replace(/\0+$/, ''),
      size: this.#view.getUint32(at + 8, true),
      address: this.#view.getUint32(at + 12, true),
      offset: this.#view.getUint32(at + 20, true),
      characteristics: this.#view.getUint32(at + 36, true),
    };
  }

  writeSection(index: number, { name, size, address, offset, characteristics }: PeSection): void {
    const at = this.sectionHeader(index);
    this.bytes.fill(0, at, at + SECTION_HEADER);
    this.bytes.set(encoder.encode(name), at);
    this.#view.setUint32(at + 8, size, true);
    this.#view.setUint32(at + 12, address, true);
    this.#view.setUint32(at + 16, up(size, UNIFIED_KERNEL_ALIGNMENT), true);
    this.#view.setUint32(at + 20, offset, true);
    this.#view.setUint32(at + 36, characteristics, true);
  }

  /** How long the content of a section may be, in the file and in memory. */
  roomOf(index: number): number {
    const { address } = this.readSection(index);
    const next = Array.from({ length: this.sectionCount }, (_, other) => this.readSection(other).address - address);
    return Math.min(this.#paddedSize(index), ...next.filter((distance) => distance > 0));
  }

  /** Puts other content into a section that has room for it. */
  replaceContent(index: number, content: Uint8Array): void {
    const { offset } = this.readSection(index);
    this.bytes.fill(0, offset, offset + this.#paddedSize(index));
    this.bytes.set(content, offset);
    this.#view.setUint32(this.sectionHeader(index) + 8, content.length, true);
  }

  #paddedSize(index: number): number {
    return this.#view.getUint32(this.sectionHeader(index) + 16, true);
  }
}

function up(value: number, multiple: number): number {
  return value + paddingTo(multiple, value);
}

function extended(bytes: Uint8Array, ...more: readonly number[]): Uint8Array<ArrayBuffer> {
  const longer = new Uint8Array(more.reduce((sum, size) => sum + size, bytes.length));
  longer.set(bytes);
  return longer;
}
