import { createSocket, type Socket } from 'node:dgram';

/** Two loopback UDP ports of one wire: QEMU's end and the switch's; a datagram is an Ethernet frame. */
export interface Wire {
  readonly qemu: number;
  readonly switch: number;
}

/** A switch with one trunk port, where frames carry an 802.1Q tag, and one port to the untagged network upstream. */
export interface TrunkSwitch {
  readonly trunk: Wire;
  readonly upstream: Wire;
  close(): void;
}

/** Destination and source address; the tag stands behind them (IEEE 802.1Q, section 9). */
const ADDRESSES = 12;
const TAG_PROTOCOL = 0x8100;
const TAG_LENGTH = 4;

/** The frame without its tag; undefined when it has none or another, as a switch would not let it pass. */
export function untagged(frame: Buffer, tag: number): Buffer | undefined {
  if (frame.length < ADDRESSES + TAG_LENGTH || frame.readUInt16BE(ADDRESSES) !== TAG_PROTOCOL) return undefined;
  // The upper four bits are priority and drop eligibility.
  if ((frame.readUInt16BE(ADDRESSES + 2) & 0x0fff) !== tag) return undefined;
  return Buffer.concat([frame.subarray(0, ADDRESSES), frame.subarray(ADDRESSES + TAG_LENGTH)]);
}

/** The frame with a tag. */
export function tagged(frame: Buffer, tag: number): Buffer {
  const header = Buffer.alloc(TAG_LENGTH);
  header.writeUInt16BE(TAG_PROTOCOL, 0);
  header.writeUInt16BE(tag, 2);
  return Buffer.concat([frame.subarray(0, ADDRESSES), header, frame.subarray(ADDRESSES)]);
}

/** Starts a switch in this process; QEMU's user network knows no tags itself. */
export async function startTrunkSwitch(tag: number): Promise<TrunkSwitch> {
  // Held open together, so that all four ports differ; QEMU then binds its two itself.
  const [trunk, upstream, ...qemu] = await Promise.all([bind(), bind(), bind(), bind()]);
  const [trunkQemu, upstreamQemu] = qemu.map((socket) => socket.address().port);
  if (trunk === undefined || upstream === undefined || trunkQemu === undefined || upstreamQemu === undefined) {
    throw new Error('four sockets have four ports');
  }
  for (const socket of qemu) socket.close();
  trunk.on('message', (frame) => {
    const bare = untagged(frame, tag);
    if (bare !== undefined) upstream.send(bare, upstreamQemu, '127.0.0.1', () => undefined);
  });
  upstream.on('message', (frame) => trunk.send(tagged(frame, tag), trunkQemu, '127.0.0.1', () => undefined));
  return {
    trunk: { qemu: trunkQemu, switch: trunk.address().port },
    upstream: { qemu: upstreamQemu, switch: upstream.address().port },
    close: () => {
      trunk.close();
      upstream.close();
    },
  };
}

async function bind(): Promise<Socket> {
  const socket = createSocket('udp4');
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('error', reject).bind(0, '127.0.0.1', resolve);
  await promise;
  socket.removeListener('error', reject);
  // A port that QEMU has left answers with an ICMP error: the machine is off, nothing else.
  socket.on('error', () => undefined);
  return socket;
}
