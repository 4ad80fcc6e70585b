import { parsePlainAddress } from '@nixos-images/shared';
import { problem } from '../problem.ts';
import type { Answer, Sources } from './answer.ts';
import { answerImage } from './image-answer.ts';
import { answerAsset, answerEntry } from './release-answer.ts';

let explanations: typeof import('./address-problem.ts') | undefined;

/** Answers the path of a request (still percent-encoded) that is to be an address of an image or of a release's file. */
export async function answerAddress(path: string, sources: Sources): Promise<Answer> {
  const plain = parsePlainAddress(path);
  if (plain === 'customised' && !customises(sources)) return problem(404, 'Customised images are not served here.');
  // The rest of the grammar is loaded only for those addresses that need it.
  const parsed = plain === 'customised' ? (await import('../customise/read-address.ts')).parseAddress(path) : plain;
  if (!parsed.ok) {
    // Loaded here only: a download has nothing to explain.
    explanations ??= await import('./address-problem.ts');
    return explanations.addressProblem(parsed.problem, sources.snapshot.catalog);
  }
  const { address } = parsed;
  switch (address.type) {
    case 'image':
      return answerImage(address, sources);
    case 'asset':
      return answerAsset(address.ref, address.asset, sources);
    case 'entry':
      return answerEntry(address, sources);
    case 'releases':
    case 'release':
      // Pages; routes.ts has them before it comes here.
      return problem(404, 'This list has no other form.');
  }
}

/** Whether the operator has customised addresses answered: never, always, or under one host name. */
function customises({ settings: { CUSTOMISATION }, url }: Sources): boolean {
  return CUSTOMISATION === 'on' || (CUSTOMISATION !== 'off' && CUSTOMISATION === new URL(url).hostname);
}
