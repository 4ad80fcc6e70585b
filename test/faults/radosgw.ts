import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { S3Client } from 'nixos-images/store';
import { LOCAL_CREDENTIALS } from './open-bucket.ts';

/** Ceph's S3 server with one monitor and one store in memory: an S3 implementation that has nothing in common with R2's. */
export interface Radosgw extends AsyncDisposable {
  readonly endpoint: URL;
}

interface Daemon extends PromiseLike<unknown> {
  kill(signal: 'SIGTERM'): boolean;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** Whether Debian's radosgw and what it needs are installed. */
export async function hasRadosgw(): Promise<boolean> {
  const tools = ['radosgw', 'radosgw-admin', 'ceph', 'ceph-mon', 'ceph-osd', 'monmaptool'];
  const found = await Promise.all(tools.map((tool) => execa('which', [tool], { reject: false })));
  return found.every(({ exitCode }) => exitCode === 0);
}

/** Starts it in a folder, with a bucket `nixos-images` and the local edge's key pair. Takes about 15 s; needs `hasRadosgw`. */
export async function startRadosgw(folder: string, memory = 4 * 1024 ** 3): Promise<Radosgw> {
  const [monitor, frontend] = [await freePort(), await freePort()];
  const [cluster, store] = [randomUUID(), randomUUID()];
  for (const name of ['mon', 'osd', 'run']) await mkdir(join(folder, name), { recursive: true });
  const conf = join(folder, 'ceph.conf');
  await writeFile(conf, configOf({ folder, cluster, monitor, frontend, memory }));
  const env = { CEPH_CONF: conf };
  const once = (tool: string, args: readonly string[]) => execa(tool, args, { env, timeout: 60_000 });
  // Whoever asks the monitor before it has learned the cluster's id is refused ("wrong fsid"): clients ask again, daemons are
  // started again.
  const repeated = async (tool: string, args: readonly string[]) => {
    for (let attempt = 1; ; attempt += 1) {
      const { failed, message } = await execa(tool, args, { env, timeout: 60_000, reject: false });
      if (!failed) return;
      if (attempt === 10) throw new Error(message);
      await sleep(500);
    }
  };
  const daemons: { readonly running: Promise<void>; stop(): void }[] = [];
  const daemon = (tool: string, args: readonly string[]) => {
    let [child, stopped]: [Daemon | undefined, boolean] = [undefined, false];
    const run = async () => {
      while (!stopped) {
        child = execa(tool, [...args, '-f'], { env, stdio: 'ignore', reject: false });
        await child;
        if (!stopped) await sleep(200);
      }
    };
    const stop = () => {
      stopped = true;
      child?.kill('SIGTERM');
    };
    daemons.push({ running: run(), stop });
  };
  const stop = async () => {
    for (const each of daemons.toReversed()) each.stop();
    await Promise.all(daemons.map(({ running }) => running));
  };
  try {
    const map = join(folder, 'monmap');
    await once('monmaptool', ['--create', '--addv', 'a', `[v1:127.0.0.1:${monitor}]`, '--fsid', cluster, map]);
    await once('ceph-mon', ['--mkfs', '-i', 'a', '--monmap', map]);
    daemon('ceph-mon', ['-i', 'a']);
    await repeated('ceph', ['osd', 'new', store]);
    await once('ceph-osd', ['-i', '0', '--mkfs', '--osd-uuid', store]);
    daemon('ceph-osd', ['-i', '0']);
    daemon('radosgw', ['-n', 'client.rgw']);
    const { accessKeyId, secretAccessKey } = LOCAL_CREDENTIALS;
    const user = ['--uid', 'test', '--display-name', 'test', '--access-key', accessKeyId, '--secret', secretAccessKey];
    await repeated('radosgw-admin', ['-n', 'client.rgw', 'user', 'create', ...user]);
    const endpoint = new URL(`http://127.0.0.1:${frontend}/`);
    await answering(endpoint);
    await new S3Client({ endpoint, region: 'auto', credentials: LOCAL_CREDENTIALS }).send({
      method: 'PUT',
      path: 'nixos-images',
    });
    return { endpoint, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function answering(endpoint: URL): Promise<void> {
  for (let attempt = 0; attempt < 120; attempt += 1) {
    const response = await fetch(endpoint).catch(() => undefined);
    if (response?.ok) return;
    await sleep(500);
  }
  throw new Error('radosgw did not start within a minute');
}

interface Cluster {
  readonly folder: string;
  readonly cluster: string;
  readonly monitor: number;
  readonly frontend: number;
  readonly memory: number;
}

function configOf({ folder, cluster, monitor, frontend, memory }: Cluster): string {
  return `[global]
fsid = ${cluster}
mon_host = v1:127.0.0.1:${monitor}
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
osd_crush_chooseleaf_type = 0
osd_objectstore = memstore
memstore_device_bytes = ${memory}
mon_data = ${folder}/mon
osd_data = ${folder}/osd
run_dir = ${folder}/run
admin_socket = ${folder}/run/$name.$pid.asok
log_file = ${folder}/run/$name.log
pid_file =
ms_bind_msgr2 = false
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:${frontend}
rgw_data = ${folder}/run
`;
}
