import { parseAddress } from '@nixos-images/shared';
import { type Problem, problem } from '../problem.ts';
import type { Answer, Sources } from './answer.ts';
import { answerImage } from './image-answer.ts';
import { answerAsset, answerEntry } from './release-answer.ts';

let explanations: typeof import('./address-problem.ts') | undefined;

/** Answers the path of a request (still percent-encoded) that is to be an address of an image or of a release's file. */
export async function answerAddress(path: string, sources: Sources): Promise<Answer> {
  const parsed = parseAddress(path);
  if (!parsed.ok) {
    // Loaded here only: a download has nothing to explain.
    if (parsed.problem.reason === 'customisation' && !customises(sources)) return notCustomised();
    explanations ??= await import('./address-problem.ts');
    return explanations.addressProblem(parsed.problem, sources.snapshot.catalog);
  }
  const { address } = parsed;
  switch (address.type) {
    case 'image':
      if (address.customisation !== undefined && !customises(sources)) return notCustomised();
      return answerImage(address, sources);
    case 'asset':
      return answerAsset(address.ref, address.asset, sources);
    case 'entry':
      return answerEntry(address, sources);
    default:
      // Routes of their own; routes.ts has them before it comes here.
      return problem(404, 'This list has no other form.');
  }
}

function notCustomised(): Problem {
  return problem(404, 'Customised images are not served here.');
}

/** Whether the operator has customised addresses answered: never, always, or under one host name. */
function customises({ settings: { CUSTOMISATION }, url }: Sources): boolean {
  return CUSTOMISATION === 'on' || (CUSTOMISATION !== 'off' && CUSTOMISATION === new URL(url).hostname);
}
