import { problemScript } from '../ipxe/problem-script.ts';
import type { Problem } from '../problem.ts';
import type { ProblemDetails } from './problem-details.ts';
import { CORS } from './represent.ts';

const TITLES: Readonly<Record<Problem['status'], string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
};

/** Answers a problem in the form that its reader understands: a terminal, a program, or a person at an iPXE console. */
export function problemResponse(request: Request, problem: Problem): Response {
  const { status } = problem;
  const path = new URL(request.url).pathname;
  const headers: Record<string, string> = {
    'Cache-Control': 'no-store',
    Vary: 'Accept, User-Agent',
    'X-Content-Type-Options': 'nosniff',
    ...(status === 503 ? { 'Retry-After': '30' } : {}),
    ...(status === 405 ? { Allow: 'GET, HEAD, OPTIONS' } : {}),
  };
  const ipxe = /^iPXE\//i.test(request.headers.get('User-Agent') ?? '');
  const answer = (type: string, body: string, code: number = status) =>
    new Response(request.method === 'HEAD' ? null : body, {
      status: code,
      headers: { ...headers, 'Content-Type': type },
    });
  if (ipxe || path.endsWith('.ipxe')) {
    // iPXE runs a script only from a successful answer; where it loads a kernel or initrd, a script must not pass for one.
    const readable = ipxe && !/(kernel|initrd)$/.test(path);
    return answer('text/plain; charset=utf-8', problemScript(problem), readable ? 200 : status);
  }
  if (wantsJson(request, path)) {
    const { sentence, choices } = problem;
    const body: ProblemDetails = { type: 'about:blank', title: TITLES[status], status, detail: sentence, choices };
    const response = answer('application/problem+json', `${JSON.stringify(body)}\n`);
    for (const [name, value] of Object.entries(CORS)) response.headers.set(name, value);
    return response;
  }
  return answer(
    'text/plain; charset=utf-8',
    [problem.sentence, ...problem.choices.map((line) => `  ${line}`), ''].join('\n'),
  );
}

function wantsJson(request: Request, path: string): boolean {
  const accept = request.headers.get('Accept') ?? '';
  return /\bapplication\/([\w.-]+\+)?json\b/i.test(accept) || path.endsWith('.json');
}
