import * as v from 'valibot';

/** What a line of Nix's log says, as far as progress needs it. */
export type NixEvent =
  | { readonly type: 'build-started'; readonly id: number; readonly derivation: string }
  | { readonly type: 'stopped'; readonly id: number }
  | { readonly type: 'build-log'; readonly id: number; readonly text: string }
  | { readonly type: 'phase'; readonly id: number; readonly phase: string }
  | { readonly type: 'builds-announced'; readonly id: number }
  | { readonly type: 'progress'; readonly id: number; readonly done: number; readonly expected: number }
  | { readonly type: 'message'; readonly level: number; readonly text: string }
  | { readonly type: 'other' };

// Numbers of Nix's src/libutil/logging.hh, the same since 2.0.
const ACTIVITY = { builds: 104, build: 105 } as const;
const RESULT = { buildLogLine: 101, setPhase: 104, progress: 105 } as const;

const Line = v.variant('action', [
  v.object({
    action: v.literal('start'),
    id: v.number(),
    type: v.number(),
    fields: v.optional(v.array(v.union([v.string(), v.number()])), []),
  }),
  v.object({ action: v.literal('stop'), id: v.number() }),
  v.object({
    action: v.literal('result'),
    id: v.number(),
    type: v.number(),
    fields: v.optional(v.array(v.union([v.string(), v.number()])), []),
  }),
  v.object({ action: v.literal('msg'), level: v.number(), msg: v.string() }),
]);

const PREFIX = '@nix ';

/** Reads one line of `--log-format internal-json`; a line of another form is a message as it stands. */
export function parseLogLine(line: string): NixEvent {
  if (!line.startsWith(PREFIX)) return { type: 'message', level: line.startsWith('error:') ? 0 : 3, text: line };
  let json: unknown;
  try {
    json = JSON.parse(line.slice(PREFIX.length));
  } catch {
    return { type: 'other' };
  }
  const parsed = v.safeParse(Line, json);
  if (!parsed.success) return { type: 'other' };
  const event = parsed.output;
  switch (event.action) {
    case 'msg':
      return { type: 'message', level: event.level, text: event.msg };
    case 'stop':
      return { type: 'stopped', id: event.id };
    case 'start': {
      const [derivation] = event.fields;
      if (event.type === ACTIVITY.builds) return { type: 'builds-announced', id: event.id };
      return event.type === ACTIVITY.build && typeof derivation === 'string'
        ? { type: 'build-started', id: event.id, derivation }
        : { type: 'other' };
    }
    case 'result':
      return resultOf(event.type, event.id, event.fields);
  }
}

function resultOf(type: number, id: number, fields: readonly (string | number)[]): NixEvent {
  const [first, second] = fields;
  if (type === RESULT.buildLogLine && typeof first === 'string') return { type: 'build-log', id, text: first };
  if (type === RESULT.setPhase && typeof first === 'string') return { type: 'phase', id, phase: first };
  if (type === RESULT.progress && typeof first === 'number' && typeof second === 'number') {
    return { type: 'progress', id, done: first, expected: second };
  }
  return { type: 'other' };
}
