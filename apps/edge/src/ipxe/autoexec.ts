import type { MenuAddress } from '@nixos-images/shared';
import { script } from './script.ts';

/**
 * `autoexec.ipxe`, which an iPXE without a script of its own loads from beside itself, also where firmware got it by HTTP. Its network is
 * not set up at that moment, only the firmware's was; and it does not know where the script came from, so the address is a whole one.
 */
export function autoexecScript(menu: MenuAddress): string {
  return script([
    'echo NixOS installers by network: asking every network port for an address...',
    'ifconf || goto failed',
    `chain ${menu} || goto failed`,
    'exit',
  ]);
}
