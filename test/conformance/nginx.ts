import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { loopbackPort } from './loopback-port.ts';

/** A file that nginx serves. */
export interface ServedFile {
  /** Its address, such as `/kexec/x86_64.tar.gz`. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** What Last-Modified says, in milliseconds since 1970. */
  readonly modified: number;
}

export interface Nginx {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** Runs nginx over some files: another implementation of the same rules, to be held against. */
export async function startNginx(files: readonly ServedFile[]): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'nixos-images-nginx-'));
  for (const { path, bytes, modified } of files) {
    const file = join(folder, 'root', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
    await utimes(file, modified / 1000, modified / 1000);
  }
  const port = await loopbackPort();
  const config = join(folder, 'nginx.conf');
  await writeFile(config, configuration(folder, port));
  // Debian keeps it in sbin, which is not on every user's PATH.
  const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` };
  const options = ['-c', config, '-p', folder, '-e', join(folder, 'error.log')];
  const nginx = spawn('nginx', options, { stdio: ['ignore', 'inherit', 'inherit'], env });
  await accepting(port, nginx);
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      const ended = once(nginx, 'exit');
      nginx.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

function configuration(folder: string, port: number): string {
  return `
daemon off;
master_process off;
pid ${folder}/pid;
error_log ${folder}/error.log;
events {}
http {
  access_log off;
  keepalive_requests 1000000;
  keepalive_timeout 600;
  # RFC 9110, section 13.1.3: not modified since a date, rather than exactly at it.
  if_modified_since before;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${port};
    root ${folder}/root;
  }
}
`;
}

async function accepting(port: number, nginx: ChildProcess): Promise<void> {
  for (;;) {
    if (nginx.exitCode !== null) throw new Error('nginx ended before it answered; its messages are above.');
    const socket = connect({ port, host: '127.0.0.1' });
    const [event] = await Promise.race([
      once(socket, 'connect').then(() => ['connect'] as const),
      once(socket, 'error').then(() => ['error'] as const),
    ]).catch(() => ['error'] as const);
    socket.destroy();
    if (event === 'connect') return;
    await setTimeout(50);
  }
}
