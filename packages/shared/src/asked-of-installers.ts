import * as v from 'valibot';
import list from './asked-of-installers.json' with { type: 'json' };

/**
 * What programs that install over SSH ask a booted installer for, each as a shell command that has to succeed: what
 * nixos-anywhere finds out about a machine, and what it runs there. NixOS tests (nix/tests) read the same file.
 */
const ASKED = v.parse(
  v.array(v.object({ of: v.picklist(['every', 'nixos']), asks: v.string(), command: v.string() })),
  list,
);

/** A POSIX shell script that prints a line for each thing that an installer lacks. Smoke images hold no Nix. */
export function questions({ smoke }: { readonly smoke: boolean }): string {
  return ASKED.filter(({ of }) => of === 'every' || !smoke)
    .map(({ asks, command }) => `( ${command} ) >/dev/null 2>&1 </dev/null || printf '%s\\n' '${asks}'\n`)
    .join('');
}
