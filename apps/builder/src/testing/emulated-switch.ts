import { createSocket, type Socket } from 'node:dgram';
import type { Switch, Wire, Wiring } from '../boot/machine-description.ts';
import { isAggregated, isLacp, lacpAnswer } from './lacp.ts';

export interface SwitchSettings {
  /** Number of ports. Several are aggregated by LACP, and carry nothing before the machine has agreed to that. */
  readonly ports: number;
  /** The 802.1Q tag that every frame carries on the machine's side; undefined for frames without one. */
  readonly tag: number | undefined;
  /** False where nobody answers to DHCP: the switch drops what is said of it. */
  readonly dhcp: boolean;
}

/** A card on a network without DHCP. */
export function withoutDhcp(): Wiring {
  return { as: 'switch', start: () => startEmulatedSwitch({ ports: 1, tag: undefined, dhcp: false }) };
}

/** A card on a trunk port: every frame carries this 802.1Q tag. */
export function trunk(tag: number): Wiring {
  return { as: 'switch', start: () => startEmulatedSwitch({ ports: 1, tag, dhcp: true }) };
}

/** Two cards on ports that a switch aggregates by LACP (802.3ad); with a tag, the aggregate is a trunk. */
export function aggregate(tag?: number): Wiring {
  return { as: 'switch', start: () => startEmulatedSwitch({ ports: 2, tag, dhcp: true }) };
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

const IPV4 = 0x0800;
const UDP = 17;

/** Whether an untagged frame is between a client and a server of DHCP (RFC 2131, section 4.1). */
export function isDhcp(frame: Buffer): boolean {
  const header = ADDRESSES + 2;
  if (frame.length < header + 20 || frame.readUInt16BE(ADDRESSES) !== IPV4 || frame[header + 9] !== UDP) return false;
  const ports = header + ((frame[header] ?? 0) & 0x0f) * 4;
  return frame.length >= ports + 4 && [67, 68].includes(frame.readUInt16BE(ports + 2));
}

interface Port {
  readonly socket: Socket;
  readonly wire: Wire;
  open: boolean;
}

/** Starts a switch in this process; QEMU's user network knows neither tags nor LACP. */
export async function startEmulatedSwitch({ ports: count, tag, dhcp }: SwitchSettings): Promise<Switch> {
  // Held open together, so that all ports differ; QEMU then binds its ends itself.
  const ours = await Promise.all(Array.from({ length: count + 1 }, bind));
  const theirs = await Promise.all(ours.map(bind));
  const sides = ours.map((socket, index): Port => {
    const qemu = theirs[index]?.address().port ?? 0;
    return { socket, wire: { qemu, switch: socket.address().port }, open: count === 1 };
  });
  for (const socket of theirs) socket.close();
  const [upstream, ...ports] = sides;
  if (upstream === undefined) throw new Error('a switch has a port upstream');
  const send = ({ socket, wire }: Port, frame: Buffer): void =>
    socket.send(frame, wire.qemu, '127.0.0.1', () => undefined);

  for (const [index, port] of ports.entries()) {
    port.socket.on('message', (frame) => {
      if (count > 1 && isLacp(frame)) {
        port.open = isAggregated(frame);
        send(port, lacpAnswer(frame, index + 1));
        return;
      }
      const bare = tag === undefined ? frame : untagged(frame, tag);
      if (port.open && bare !== undefined && (dhcp || !isDhcp(bare))) send(upstream, bare);
    });
  }
  upstream.socket.on('message', (frame) => {
    const port = ports.find(({ open }) => open);
    if (port !== undefined) send(port, tag === undefined ? frame : tagged(frame, tag));
  });
  return {
    ports: ports.map(({ wire }) => wire),
    upstream: upstream.wire,
    close: () => {
      for (const { socket } of sides) socket.close();
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
