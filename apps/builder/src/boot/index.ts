export { download } from './download.ts';
export { type BootGateOptions, type BootGateResult, bootRelease } from './gate.ts';
export { isoMachine, kernelMachine, netbootMachine } from './image-machine.ts';
export { type Machine, type StartOptions, startMachine } from './machine.ts';
export {
  type BootSource,
  FIRST_DHCP_ADDRESS,
  type Firmware,
  HOST_SEEN_FROM_GUEST,
  type MachineDescription,
  type Wiring,
} from './machine-description.ts';
export { NotAnInstaller, proveInstaller, sshBanner, whileOn } from './prove-installer.ts';
export { ConsoleError, SerialConsole } from './serial-console.ts';
export { parseSmokeFact, type SmokeFact, SmokeFacts } from './smoke-facts.ts';
export {
  fingerprintOf,
  makeSshKey,
  runOverSsh,
  type SshKey,
  type SshResult,
  type SshTarget,
  waitForSsh,
} from './ssh.ts';
export { findTool, missing } from './tool.ts';
