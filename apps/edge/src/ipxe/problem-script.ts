import type { Problem } from '../problem.ts';
import { echoWords, script } from './script.ts';

/** The script that tells a person at an iPXE console what is wrong, and waits. */
export function problemScript({ sentence, choices }: Problem): string {
  return script([
    'echo',
    `echo ${echoWords(sentence)}`,
    ...choices.map((choice) => `echo =   ${echoWords(choice)}`),
    'echo',
    'goto wait',
  ]);
}
