// What a switch says in LACP (IEEE 802.1AX-2014, section 6.4.2.3): enough for a machine to find a partner and to
// aggregate its links. The offsets are those of the whole Ethernet frame, which has one fixed layout.

const TO_THE_OTHER_END = Buffer.from('0180c2000002', 'hex');
const SLOW_PROTOCOLS = 0x8809;
const LACP = 1;
const FRAME_LENGTH = 124;

const ACTOR = 16;
const PARTNER = 36;
const COLLECTOR = 56;
/** Within the information about one end: type and length (2 bytes), system, key, port, then its state. */
const STATE = 16;

const COLLECTING_AND_DISTRIBUTING = 0x30;
/** Active, short time-out (so that the other end speaks every second), may aggregate, in step, collecting, distributing. */
const SWITCH_STATE = 0x3f;

/** System of the switch, a locally administered address. */
const SWITCH = Buffer.from('02000000ac00', 'hex');

/** Whether a frame is one of LACP's. */
export function isLacp(frame: Buffer): boolean {
  return (
    frame.length >= PARTNER && frame.readUInt16BE(12) === SLOW_PROTOCOLS && frame[14] === LACP && frame[ACTOR] === 1
  );
}

/** Whether the sender of an LACP frame holds its link for part of the aggregate, and so sends and takes frames on it. */
export function isAggregated(frame: Buffer): boolean {
  return ((frame[ACTOR + STATE] ?? 0) & COLLECTING_AND_DISTRIBUTING) === COLLECTING_AND_DISTRIBUTING;
}

/** The switch's answer to an LACP frame that came in at a port (from 1): all its ports are in one aggregate. */
export function lacpAnswer(frame: Buffer, port: number): Buffer {
  const answer = Buffer.alloc(FRAME_LENGTH);
  TO_THE_OTHER_END.copy(answer, 0);
  SWITCH.copy(answer, 6);
  answer.writeUInt16BE(SLOW_PROTOCOLS, 12);
  answer.set([LACP, 1], 14);
  answer.set([1, 20], ACTOR);
  answer.writeUInt16BE(0x8000, ACTOR + 2);
  SWITCH.copy(answer, ACTOR + 4);
  answer.writeUInt16BE(1, ACTOR + 10);
  answer.writeUInt16BE(0x80, ACTOR + 12);
  answer.writeUInt16BE(port, ACTOR + 14);
  answer[ACTOR + STATE] = SWITCH_STATE;
  // The other end goes on only when it finds itself described as it is.
  frame.copy(answer, PARTNER, ACTOR, PARTNER);
  answer[PARTNER] = 2;
  answer.set([3, 16], COLLECTOR);
  return answer;
}
