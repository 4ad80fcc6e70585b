import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import * as v from 'valibot';
import type { SavedNetwork } from './network-machine.ts';

/**
 * Hosts' networks, one folder each. Below `network/` they were recorded from a machine: `network` makes it, `saved.json` is what `ip -json`
 * said then. Below `saved/` they are written after reports from the field, of kinds that no machine here has (nm-static is what a real
 * NetworkManager 1.42 left in a namespace). In both `dhcp4` and
 * `resolv.conf` (where there are any) are what kexec/run saves beside it, and `units.txt` is what it becomes.
 */
export const shapesFolder = join(import.meta.dirname, 'network');
export const shapes = (await readdir(shapesFolder)).sort();
const reportedFolder = join(import.meta.dirname, 'saved');
export const reportedShapes = (await readdir(reportedFolder)).sort();

export function folderOf(shape: string): string {
  return join(shapes.includes(shape) ? shapesFolder : reportedFolder, shape);
}

/** Reads what was recorded of a shape (`node test/kexec/record.ts`), or reported. */
export async function readSaved(shape: string): Promise<Record<keyof SavedNetwork, unknown>> {
  return v.parse(
    v.object({
      links: v.unknown(),
      routes4: v.unknown(),
      routes6: v.unknown(),
      rules4: v.unknown(),
      rules6: v.unknown(),
    }),
    JSON.parse(await readFile(join(folderOf(shape), 'saved.json'), 'utf8')),
  );
}

/** The files below host-state/network, as kexec/run saves them. */
export async function savedFiles(shape: string): Promise<Map<string, string>> {
  const saved = Object.entries(await readSaved(shape));
  const files = new Map(saved.map(([name, json]) => [`${name}.json`, JSON.stringify(json)]));
  files.set('resolv.conf', await readFile(join(import.meta.dirname, 'resolv.conf'), 'utf8'));
  for (const name of ['dhcp4', 'resolv.conf']) {
    const file = join(folderOf(shape), name);
    if (existsSync(file)) files.set(name, await readFile(file, 'utf8'));
  }
  return files;
}

const NORMAL_FORM = `
  def lost: ["docker0"];
  def name($links): . as $name
    | first($links[] | select(.ifname == $name and (.linkinfo.info_kind == null)) | .permaddr // .linkinfo.info_slave_data.perm_hwaddr // .address) // $name;
  .links as $links
  | def hop: { gateway, via: .via.host, dev: (.dev | if . then name($links) else null end), weight, onlink: (.flags // [] | index("onlink") != null) };
  def routes: [.[] | select(.protocol != "kernel" and .protocol != "ra" and .table != "local" and (.dev | IN(lost[]) | not))
    | { type, dst, table, metric, prefsrc, mtu: (.metrics // [] | map(.mtu // empty)), hops: (if .nexthops then [.nexthops[] | hop] else [hop] end) }] | sort_by(tojson);
  { links: [$links[] | select(.ifname != "lo" and (.ifname | IN(lost[]) | not) and (.flags | index("UP")))
      | { name: (.ifname | name($links)), mac: .address, mtu, kind: .linkinfo.info_kind,
          master: (.master // null), parent: (.link | if . then name($links) else null end),
          settings: (.linkinfo.info_data // {} | { id, protocol, mode, miimon, ad_lacp_rate, xmit_hash_policy, stp_state, forward_delay }),
          addresses: [.addr_info[] | select(.scope != "link") | { local, peer: .address, prefixlen, scope, broadcast: (if .prefixlen < 31 then .broadcast else null end) }] | sort_by(tojson) }] | sort_by(.name),
    routes: (.routes4 + .routes6 | routes),
    rules: (.rules4 + .rules6 | map(del(.protocol))) }`;

/**
 * A network with what does not matter taken out: interfaces are called by their permanent MAC, and what the kernel and routers
 * add by themselves is gone, and so are broadcast addresses of networks too small for one (OVH's /32 has one; networkd sets none). Written on its own, so that a mistake of the restore program is not made twice.
 */
export async function normalForm(network: unknown): Promise<unknown> {
  const { stdout } = await execa('jq', [NORMAL_FORM], { input: JSON.stringify(network) });
  return JSON.parse(stdout);
}
