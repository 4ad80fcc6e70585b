import { ModelBucket, ModelStore } from './model-bucket.ts';

/** A process of a scenario: what it does with its own client of the store. A rejection is one of its outcomes. */
export type Process = (bucket: ModelBucket) => Promise<unknown>;

export interface Scenario {
  /** Fills the store. */
  readonly prepare: (store: ModelStore) => void;
  readonly processes: Readonly<Record<string, Process>>;
  /** Looked at after every operation; throws when the store is in a state that must not be. */
  readonly invariant: (store: ModelStore) => void;
  /** Looked at when all processes have ended. */
  readonly finally?: (outcomes: Readonly<Record<string, unknown>>, store: ModelStore) => void | Promise<void>;
  /** Whether any process may be killed after any operation. */
  readonly kills?: boolean;
}

/** How many states and whole runs were seen. */
export interface Exploration {
  readonly states: number;
  readonly runs: number;
}

interface Pending {
  readonly operation: string;
  readonly go: () => void;
}

/** Ends processes of a run that is not followed any further. */
class Killed extends Error {
  override readonly name = 'Killed';
}

class Running {
  readonly queue: Pending[] = [];
  readonly history: string[] = [];
  killed = false;
  outcome: { value: unknown } | undefined;

  get ended(): boolean {
    return this.killed || this.outcome !== undefined;
  }
}

function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Runs a scenario in every order that the operations of its processes can have, operation by operation. Two orders that
 * lead to the same store and have shown every process the same answers have the same future, so it is followed once.
 * @throws what the invariant throws, with the order of operations that led there.
 */
export async function exploreInterleavings(scenario: Scenario): Promise<Exploration> {
  const seen = new Set<string>();
  const waiting: string[][] = [[]];
  let runs = 0;
  for (let prefix = waiting.pop(); prefix !== undefined; prefix = waiting.pop()) {
    if (await follow(scenario, prefix, seen, waiting)) runs += 1;
  }
  return { states: seen.size, runs };
}

/** Follows one order to its end, or until it reaches a state that was seen; notes the other choices on the way. */
async function follow(
  scenario: Scenario,
  prefix: readonly string[],
  seen: Set<string>,
  waiting: string[][],
): Promise<boolean> {
  const store = new ModelStore();
  scenario.prepare(store);
  const running = new Map<string, Running>();
  for (const [name, work] of Object.entries(scenario.processes)) running.set(name, start(store, work));
  const order: string[] = [];
  const log: string[] = [];
  try {
    for (;;) {
      await quiet(running);
      const choices = choicesIn(running, scenario.kills ?? false);
      const [first] = choices;
      if (first === undefined) break;
      let choice = prefix[order.length];
      if (choice === undefined) {
        const state = stateOf(store, running);
        if (seen.has(state)) return false;
        seen.add(state);
        for (const other of choices.slice(1)) waiting.push([...order, other]);
        choice = first;
      }
      order.push(choice);
      log.push(step(store, running, choice));
      await quiet(running);
      scenario.invariant(store);
    }
    const outcomes = Object.fromEntries(
      [...running].map(([name, each]) => [name, each.killed ? 'killed' : each.outcome?.value]),
    );
    await scenario.finally?.(outcomes, store);
    return true;
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\nafter:\n  ${log.join('\n  ')}`, {
      cause: error,
    });
  } finally {
    for (const each of running.values()) each.killed = true;
  }
}

function start(store: ModelStore, work: Process): Running {
  const process = new Running();
  const bucket = new ModelBucket(store, (operation) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    process.queue.push({ operation, go: () => (process.killed ? reject(new Killed()) : resolve()) });
    return promise;
  });
  void work(bucket).then(
    (value) => {
      process.outcome = { value };
    },
    (error: unknown) => {
      process.outcome = { value: error };
    },
  );
  return process;
}

/** Waits until every process has an operation to do or has ended. */
async function quiet(running: ReadonlyMap<string, Running>): Promise<void> {
  await tick();
  while (running.values().some((each) => !each.ended && each.queue.length === 0)) await tick();
}

const KILL = 'kill ';

function choicesIn(running: ReadonlyMap<string, Running>, kills: boolean): string[] {
  const able = [...running].filter(([, each]) => !each.ended && each.queue.length > 0).map(([name]) => name);
  const killedBefore = running.values().some((each) => each.killed);
  return kills && !killedBefore ? [...able, ...able.map((name) => `${KILL}${name}`)] : able;
}

function step(store: ModelStore, running: ReadonlyMap<string, Running>, choice: string): string {
  if (choice.startsWith(KILL)) {
    const victim = running.get(choice.slice(KILL.length));
    if (victim !== undefined) victim.killed = true;
    return choice;
  }
  const process = running.get(choice);
  const next = process?.queue.shift();
  if (process === undefined || next === undefined) throw new Error(`no operation of ${choice} to do`);
  process.history.push(`${next.operation} -> ${answerIn(store, next.operation)}`);
  next.go();
  return `${choice}: ${next.operation}`;
}

/** What an operation is about to be told: all that the store holds under the key or prefix that it names. */
function answerIn(store: ModelStore, operation: string): string {
  const target = operation.slice(operation.indexOf(' ') + 1);
  return [...store.objects]
    .filter(([key]) => key.startsWith(target))
    .map(([key, { modified }]) => `${key} ${store.etag(key)} ${modified}`)
    .toSorted()
    .join(', ');
}

/** What decides the future: the store, and how far each process is with what it was told. */
function stateOf(store: ModelStore, running: ReadonlyMap<string, Running>): string {
  const objects = [...store.objects].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const processes = [...running].map(([name, { history, queue, ended, killed }]) => [
    name,
    history,
    queue.map(({ operation }) => operation),
    ended,
    killed,
  ]);
  return JSON.stringify([objects, processes]);
}
