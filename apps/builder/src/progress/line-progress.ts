import { formatShare } from './format.ts';
import type { Progress, Task } from './progress.ts';

/** Where lines go; process.stderr is one. */
export interface Output {
  write(text: string): unknown;
  readonly columns?: number;
}

/** How often a task without a terminal says that it is alive, in milliseconds. */
const PLAIN_INTERVAL = 10_000;
const MINUTE = 60_000;
const DRAW_INTERVAL = 120;

interface LiveTask {
  readonly title: string;
  total: number | undefined;
  readonly begun: number;
  done: number;
  detail: string;
}

function statusOf(task: LiveTask, now: number): string {
  return [formatShare(task.done, task.total, (now - task.begun) / 1000), task.detail].filter(Boolean).join(', ');
}

/** The bookkeeping that both kinds of progress share: tasks that live, lines that stay. */
abstract class LineProgress implements Progress {
  protected readonly tasks = new Set<LiveTask>();
  readonly #timer: NodeJS.Timeout;

  constructor(interval: number) {
    this.#timer = setInterval(() => this.tick(), interval).unref();
  }

  protected abstract tick(): void;
  abstract note(line: string): void;

  begin(title: string, total?: number): Task {
    const task: LiveTask = { title, total, begun: Date.now(), done: 0, detail: '' };
    this.tasks.add(task);
    return {
      advance: (bytes) => {
        task.done += bytes;
      },
      grow: (bytes) => {
        task.total = (task.total ?? 0) + bytes;
      },
      detail: (text) => {
        task.detail = text;
      },
      end: (summary) => {
        this.tasks.delete(task);
        this.note(`${title}: ${summary}`);
      },
      drop: () => {
        this.tasks.delete(task);
      },
    };
  }

  close(): void {
    clearInterval(this.#timer);
    this.tasks.clear();
  }
}

/** Progress for logs and pipes: a line when something ends, and every ten seconds one for what goes on. */
export class PlainProgress extends LineProgress {
  readonly #output: Output;
  readonly #said = new WeakMap<LiveTask, string>();
  readonly #minutes = new WeakMap<LiveTask, number>();

  constructor(output: Output, interval = PLAIN_INTERVAL) {
    super(interval);
    this.#output = output;
  }

  protected override tick(): void {
    for (const task of this.tasks) {
      const status = statusOf(task, Date.now());
      // What has nothing new to say is alive all the same: a minute of silence at most.
      const quiet =
        status === this.#said.get(task) && Date.now() - task.begun < (this.#minutes.get(task) ?? 1) * MINUTE;
      if (status === '' || quiet) continue;
      if (status === this.#said.get(task)) this.#minutes.set(task, Math.ceil((Date.now() - task.begun) / MINUTE) + 1);
      this.#said.set(task, status);
      this.note(`${task.title}: ${status}`);
    }
  }

  override note(line: string): void {
    this.#output.write(`${line}\n`);
  }
}

const CLEAR_LINE = '\u001B[2K';
const LINE_UP = '\u001B[1A';

/** Progress for a terminal: finished lines scroll, live tasks stay below them and are redrawn. */
export class TerminalProgress extends LineProgress {
  readonly #output: Output;
  #drawn = 0;

  constructor(output: Output, interval = DRAW_INTERVAL) {
    super(interval);
    this.#output = output;
  }

  protected override tick(): void {
    this.#output.write(`${this.#erase()}${this.#draw()}`);
  }

  override note(line: string): void {
    this.#output.write(`${this.#erase()}${line}\n${this.#draw()}`);
  }

  override close(): void {
    super.close();
    this.#output.write(this.#erase());
  }

  #erase(): string {
    const text = `\r${(LINE_UP + CLEAR_LINE).repeat(this.#drawn)}`;
    this.#drawn = 0;
    return text;
  }

  #draw(): string {
    const width = Math.max(20, (this.#output.columns ?? 80) - 1);
    this.#drawn = this.tasks.size;
    return [...this.tasks]
      .map((task) => `${`${task.title}: ${statusOf(task, Date.now())}`.slice(0, width)}\n`)
      .join('');
  }
}
