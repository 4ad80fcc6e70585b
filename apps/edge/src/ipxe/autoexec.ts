import { type Customisation, formatCustomisation } from '@nixos-images/shared';
import { script, scriptAddress } from './script.ts';

/**
 * `autoexec.ipxe`, which an iPXE without a script of its own loads from beside itself, also where firmware got it by HTTP. Its network is
 * not set up at that moment: only the firmware's was.
 */
export function autoexecScript(customisation?: Customisation): string {
  const front = customisation === undefined ? '' : `/with/${formatCustomisation(customisation)}`;
  return script([
    'echo NixOS installers by network: asking every network port for an address...',
    'ifconf || goto failed',
    `chain ${scriptAddress(`${front}/boot.ipxe`)} || goto failed`,
    'exit',
  ]);
}
