import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { root } from './local-nix.ts';

const source = join(root, 'nix/status-screen');
const folder = join(root, '.state/status-screen');

/** Builds the status screen with the sanitizers on: any slip with memory ends it. */
export async function buildStatusScreen(): Promise<string> {
  await execa('make', ['-C', source, 'sanitized', `BUILD=${folder}`]);
  return join(folder, 'sanitized/status-screen');
}

/** A file of facts, as --facts reads it. */
export class FactsFile {
  readonly path: string;
  readonly #folder: string;

  private constructor(at: string) {
    this.#folder = at;
    this.path = join(at, 'facts');
  }

  static async make(facts: string): Promise<FactsFile> {
    const made = new FactsFile(await mkdtemp(join(tmpdir(), 'facts-')));
    await made.change(facts);
    return made;
  }

  change(facts: string): Promise<void> {
    return writeFile(this.path, facts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** A program in a terminal of its own: a tmux server with one window. */
export class Terminal {
  readonly #server = `nixos-images-${process.pid}-${Math.random().toString(36).slice(2)}`;

  static async start(command: string, columns: number, rows: number): Promise<Terminal> {
    const terminal = new Terminal();
    const size = ['-x', `${columns}`, '-y', `${rows}`];
    await terminal.#tmux('-f', '/dev/null', 'new-session', '-d', ...size, command, ';', 'set', '-g', 'status', 'off');
    await terminal.resize(columns, rows);
    return terminal;
  }

  async #tmux(...commands: string[]): Promise<string> {
    const { stdout } = await execa('tmux', ['-u', '-L', this.#server, ...commands], {
      // The leak check at the end would wait for ever where it may not ptrace, with a terminal that is gone.
      env: { TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', ASAN_OPTIONS: 'detect_leaks=0' },
    });
    return stdout;
  }

  /** The lines that the terminal shows. */
  async lines(): Promise<string[]> {
    return (await this.#tmux('capture-pane', '-p')).split('\n');
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-x', `${columns}`, '-y', `${rows}`);
  }

  async type(...keys: string[]): Promise<void> {
    await this.#tmux('send-keys', ...keys);
  }

  /** The process that the terminal was started with. */
  async pid(): Promise<number> {
    return Number(await this.#tmux('list-panes', '-F', '#{pane_pid}'));
  }

  /** Takes the terminal away from under its program. */
  async hangUp(): Promise<void> {
    await this.#tmux('kill-server');
  }

  /** Waits until the screen is as a test says, and gives it; fails with the last one seen. */
  async until(what: (screen: string) => boolean): Promise<string> {
    let screen = '';
    for (let tries = 0; tries < 300; tries++) {
      screen = (await this.lines()).join('\n');
      if (what(screen)) return screen;
      await sleep(100);
    }
    throw new Error(`the screen never came to be as expected; it is\n${screen}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux('kill-server').catch(() => undefined);
  }
}
