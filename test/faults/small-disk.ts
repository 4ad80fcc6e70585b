import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { execa, type Options } from 'execa';

// Root may mount; anybody else may in a user namespace of his own, where the kernel allows that.
const UNSHARE = process.getuid?.() === 0 ? ['--mount'] : ['--map-root-user', '--mount'];
const ENTER = process.getuid?.() === 0 ? ['--mount'] : ['--user', '--preserve-credentials', '--mount'];

/** Whether this machine lets us mount something for ourselves. */
export async function canMount(): Promise<boolean> {
  const { exitCode } = await execa('unshare', [...UNSHARE, 'mount', '-t', 'tmpfs', 'small', '/tmp'], { reject: false });
  return exitCode === 0;
}

/** A real file system of few bytes (a tmpfs), seen only by the commands that are run on it, and gone with them. */
export class SmallDisk implements AsyncDisposable {
  readonly folder: string;
  readonly #holder: ReturnType<typeof hold>;

  private constructor(folder: string, holder: ReturnType<typeof hold>) {
    this.folder = folder;
    this.#holder = holder;
  }

  /** @param size as tmpfs(5) reads it, such as `64k`. */
  static async mount(folder: string, size: string): Promise<SmallDisk> {
    await mkdir(folder, { recursive: true });
    const holder = hold(folder, size);
    await once(createInterface({ input: holder.stdout }), 'line');
    return new SmallDisk(folder, holder);
  }

  /** Runs a command that sees the disk; it may fail. */
  run(command: string, args: readonly string[], options: Options = {}) {
    const enter = ['--target', `${this.#holder.pid}`, ...ENTER, '--', command, ...args];
    return execa('nsenter', enter, { ...options, reject: false });
  }

  async resize(size: string): Promise<void> {
    const { exitCode } = await this.run('mount', ['-o', `remount,size=${size}`, this.folder]);
    if (exitCode !== 0) throw new Error(`${this.folder} could not be resized`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#holder.kill();
    await this.#holder;
  }
}

/** A process that keeps the mount, and says when it is there. */
function hold(folder: string, size: string) {
  const script = 'mount -t tmpfs -o size="$1" small "$0" && echo mounted && exec sleep infinity';
  return execa('unshare', [...UNSHARE, 'sh', '-c', script, folder, size], { reject: false, buffer: false });
}
