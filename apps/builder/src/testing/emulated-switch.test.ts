import { createSocket } from 'node:dgram';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Wire } from '../boot/machine-description.ts';
import { isDhcp, startEmulatedSwitch, tagged, untagged } from './emulated-switch.ts';
import { isLacp } from './lacp.ts';

const frame = fc.uint8Array({ minLength: 14, maxLength: 200 }).map((bytes) => Buffer.from(bytes));
const tag = fc.integer({ min: 1, max: 4094 });

describe('a trunk port', () => {
  it('gives every frame back as it was sent', () => {
    fc.assert(
      fc.property(frame, tag, (frame, tag) => {
        expect(untagged(tagged(frame, tag), tag)).toEqual(frame);
      }),
    );
  });

  it('lets no frame of another VLAN pass', () => {
    fc.assert(
      fc.property(frame, tag, tag, (frame, tag, other) => {
        fc.pre(tag !== other);
        expect(untagged(tagged(frame, tag), other)).toBeUndefined();
      }),
    );
  });

  it('lets no frame without a tag pass', () => {
    const arp = Buffer.concat([Buffer.alloc(12, 0xff), Buffer.from([0x08, 0x06]), Buffer.alloc(46)]);
    expect(untagged(arp, 42)).toBeUndefined();
  });
});

describe('a network without DHCP', () => {
  const udp = (from: number, to: number) => {
    const frame = Buffer.alloc(60);
    frame.writeUInt16BE(0x0800, 12);
    frame[14] = 0x45;
    frame[23] = 17;
    frame.writeUInt16BE(from, 34);
    frame.writeUInt16BE(to, 36);
    return frame;
  };

  it('is told its questions and answers from everything else', () => {
    expect(isDhcp(udp(68, 67))).toBe(true);
    expect(isDhcp(udp(67, 68))).toBe(true);
    expect(isDhcp(udp(40000, 53))).toBe(false);
    fc.assert(fc.property(frame, (frame) => isDhcp(frame) === false || frame.readUInt16BE(12) === 0x0800));
  });
});

describe('two ports that are aggregated', () => {
  const upstreamFrame = Buffer.from(`52540012345652540a000202${'0800'}${'00'.repeat(46)}`, 'hex');
  const IN_STEP = 0x3d;
  const ALONE = 0x45;

  const lacp = (state: number): Buffer => {
    const frame = Buffer.alloc(124);
    frame.write('0180c2000002525400123456', 'hex');
    frame.writeUInt16BE(0x8809, 12);
    frame.set([1, 1, 1, 20], 14);
    frame.write('525400123456', 20, 'hex');
    frame[32] = state;
    return frame;
  };

  /** QEMU's end of a wire. */
  class Card {
    readonly #socket = createSocket('udp4');
    readonly #wire: Wire;
    readonly #heard: Buffer[] = [];
    readonly #waiting: ((frame: Buffer) => void)[] = [];
    constructor(wire: Wire) {
      this.#wire = wire;
      this.#socket.on('message', (frame) => {
        const next = this.#waiting.shift();
        if (next === undefined) this.#heard.push(frame);
        else next(frame);
      });
    }
    async plugIn(): Promise<this> {
      await new Promise<void>((resolve) => void this.#socket.bind(this.#wire.qemu, '127.0.0.1', resolve));
      return this;
    }
    send(frame: Buffer): void {
      this.#socket.send(frame, this.#wire.switch, '127.0.0.1');
    }
    next(): Promise<Buffer> {
      const heard = this.#heard.shift();
      return heard === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(heard);
    }
    [Symbol.dispose](): void {
      this.#socket.close();
    }
  }

  it('carry frames once the machine has agreed to it, and not before', async () => {
    const between = await startEmulatedSwitch({ ports: 2, tag: undefined, dhcp: true });
    using scope = new DisposableStack();
    scope.defer(() => between.close());
    const [first, second, upstream] = await Promise.all(
      [...between.ports, between.upstream].map(async (wire) => scope.use(await new Card(wire).plugIn())),
    );
    if (first === undefined || second === undefined || upstream === undefined) throw new Error('three wires');

    // Frames of one wire arrive in order, so an answer to the second shows what became of the first.
    first.send(upstreamFrame);
    first.send(lacp(ALONE));
    const answer = await first.next();
    expect(isLacp(answer)).toBe(true);
    expect(answer.subarray(38, 53)).toEqual(lacp(ALONE).subarray(18, 33));
    second.send(lacp(IN_STEP));
    expect((await second.next()).readUInt16BE(30)).toBe(2);

    // Of the first port nothing came through; of the second, all does, and what comes back goes there.
    second.send(tagged(upstreamFrame, 7));
    expect(await upstream.next()).toEqual(tagged(upstreamFrame, 7));
    upstream.send(upstreamFrame);
    expect(await second.next()).toEqual(upstreamFrame);
  });
});
