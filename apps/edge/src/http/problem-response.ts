import { decodePath, isKexecScriptAddress, isScriptAddress, pathOf } from '@nixos-images/shared';
import * as v from 'valibot';
import { problemScript } from '../ipxe/script.ts';
import type { Problem } from '../problem.ts';
import { CORS } from './representation.ts';

/** A problem for programs (RFC 9457). */
export const ProblemDetails = v.object({
  type: v.literal('about:blank'),
  title: v.string(),
  status: v.number(),
  /** One sentence for a person. */
  detail: v.string(),
  /** What would have been right. */
  choices: v.pipe(v.array(v.string()), v.readonly()),
});
type ProblemDetails = v.InferOutput<typeof ProblemDetails>;

const TITLES: Readonly<Record<Problem['status'], string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  410: 'Gone',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
};

const TEXT = 'text/plain; charset=utf-8';
const METHODS = 'GET, HEAD, OPTIONS';

/** Answers a problem in the form that its reader understands: a terminal, a program, or a person at an iPXE console. */
export function problemResponse(request: Request, problem: Problem): Response {
  const { status, sentence, choices } = problem;
  const path = decodePath(pathOf(request.url)) ?? '';
  const answer = (type: string, body: string, code: number = status) =>
    new Response(request.method === 'HEAD' ? null : body, {
      status: code,
      headers: {
        'Content-Type': type,
        'Cache-Control': 'no-store',
        Vary: 'Accept, User-Agent',
        'X-Content-Type-Options': 'nosniff',
        ...(status === 503 ? { 'Retry-After': '30' } : {}),
        ...(status === 405 ? { Allow: METHODS } : {}),
      },
    });
  // iPXE runs a script only from a successful answer. Where it loads a kernel, an initrd or a disk, a script must not pass for one.
  if (isIpxe(request) && isScriptAddress(path)) return answer(TEXT, problemScript(sentence, choices), 200);
  if (path.endsWith('.ipxe')) return answer(TEXT, problemScript(sentence, choices));
  // curl pipes the body of an error into the shell as well: let it say what is wrong, and end.
  if (path.endsWith('.sh') && isKexecScriptAddress(path)) return answer(TEXT, failingScript(sentence, choices));
  if (wantsJson(request, path)) {
    const body: ProblemDetails = { type: 'about:blank', title: TITLES[status], status, detail: sentence, choices };
    const response = answer('application/problem+json', `${JSON.stringify(body)}\n`);
    for (const [name, value] of Object.entries(CORS)) response.headers.set(name, value);
    return response;
  }
  return answer(TEXT, [sentence, ...choices.map((line) => `  ${line}`), ''].join('\n'));
}

/** A shell script that prints a problem and fails. */
function failingScript(sentence: string, choices: readonly string[]): string {
  const lines = [sentence, ...choices.map((line) => `  ${line}`)].map((line) =>
    line.replace(/[^\w .,:/@()+=<>"-]/g, ''),
  );
  return `${lines.map((line) => `echo '${line}' >&2\n`).join('')}exit 1\n`;
}

/** Whether iPXE asks, which runs scripts and cannot follow every redirect. */
export function isIpxe({ headers }: Request): boolean {
  return /^iPXE\//i.test(headers.get('User-Agent') ?? '');
}

function wantsJson(request: Request, path: string): boolean {
  const accept = request.headers.get('Accept') ?? '';
  return /\bapplication\/([\w.-]+\+)?json\b/i.test(accept) || path.endsWith('.json');
}

/** Leads to the one address of what has several; not to be kept, since it depends on who asks. */
export function movedResponse({ to }: { readonly to: string }): Response {
  return new Response(null, {
    status: 301,
    headers: { Location: to, 'Cache-Control': 'no-store', Vary: 'Accept, User-Agent' },
  });
}

/** Tells a browser, before it asks on behalf of another site, what may be asked. */
export function preflightResponse(): Response {
  return new Response(null, {
    status: 204,
    headers: {
      ...CORS,
      Allow: METHODS,
      'Access-Control-Allow-Methods': METHODS,
      'Access-Control-Allow-Headers': 'If-None-Match, If-Match, If-Range, Range',
      'Access-Control-Max-Age': '86400',
    },
  });
}
