/** A relative address in an iPXE script. Old builds take any text before a colon for a scheme. */
export function scriptAddress(path: string): string {
  return path.replaceAll(':', '%3A');
}

/** Words of a sentence as iPXE's `echo` can take them: no expansion, no separator, no comment. */
export function echoWords(text: string): string {
  return text.replace(/[^\w .,:/@()+=<>-]/g, '');
}

/**
 * Ends every script. At `failed` it says what to do; from `wait` on it waits for a key, without which the firmware boots on; `shell`
 * is iPXE's own.
 */
const ENDINGS = [
  ':failed',
  'echo',
  'echo The download did not work. Look at the network (ifstat, route), then try again.',
  ':wait',
  'prompt --timeout 60000 Press any key for the iPXE shell, or wait a minute to boot on... || exit 1',
  ':shell',
  'shell',
] as const;

/** A script out of its lines. */
export function script(lines: readonly string[]): string {
  return `${['#!ipxe', ...lines, ...ENDINGS].join('\n')}\n`;
}

/** The script that tells a person at an iPXE console what is wrong and what would be right, and waits. */
export function problemScript(sentence: string, choices: readonly string[]): string {
  return script([
    'echo',
    `echo ${echoWords(sentence)}`,
    ...choices.map((choice) => `echo =   ${echoWords(choice)}`),
    'echo',
    'goto wait',
  ]);
}
