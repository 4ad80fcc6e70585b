export { download } from './download.ts';
export { findMachineParts, needUefi } from './firmware.ts';
export { type BootGateOptions, type BootGateResult, bootRelease } from './gate.ts';
export { isoMachine, netbootMachine } from './image-machine.ts';
export { type Machine, startMachine } from './machine.ts';
export {
  FIRST_DHCP_ADDRESS,
  type Firmware,
  HOST_SEEN_FROM_GUEST,
  type MachineDescription,
  type Wiring,
} from './machine-description.ts';
export { sshBanner, whileOn } from './prove-installer.ts';
export { makeSshKey, runOverSsh, type SshKey, type SshResult, type SshTarget, waitForSsh } from './ssh.ts';
export { findTool } from './tool.ts';
