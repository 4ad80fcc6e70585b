import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sampleCatalog, sampleRelease } from '@nixos-images/shared/testing';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { hostileRequest } from './testing/index.ts';
import { createEdge } from './worker.ts';

const RUNS = 100_000;

/** Every kind of line that a script of ours has. Whatever else stood in one would be somebody else's command. */
const SCRIPT_LINES: readonly RegExp[] = [
  /^#!ipxe$/,
  /^echo( [\w .,:/@()+=<>-]*)?$/,
  /^echo There are images for x86_64 and aarch64 only; iPXE takes this machine for \$\{buildarch\}\.$/,
  /^echo The download did not work\. Look at the network \(ifstat, route\), then try again\.$/,
  /^(clear nixos_arch \|\||imgfree|shell|exit|exit 1|goto wait|goto failed|goto \$\{nixos_choice\}|boot \|\| goto failed)$/,
  /^iseq \$\{buildarch\} (x86_64|arm64|i386) && (cpuid --ext 29 && )?set nixos_arch \w+ \|\|$/,
  /^isset \$\{nixos_arch\} && goto menu_\$\{nixos_arch\} \|\|$/,
  /^:[\w.-]+$/,
  /^menu NixOS installers for \w+ \|\| goto [\w.-]+$/,
  /^item (--gap( [\w .,:/@()+=<>-]+)?|[\w.-]+ (\$\{\} ){2}[\w .:()-]+|(account|shell|exit) [\w ]+)$/,
  /^echo -n The GitHub account whose SSH keys may log in as root:\$\{\} $/,
  /^read nixos_account \|\| goto shell$/,
  /^chain \/with\/github%3A\$\{nixos_account:uristring\}\/boot\.ipxe \|\| goto failed$/,
  /^choose --default [\w.-]+ --timeout \d+ nixos_choice \|\| goto shell$/,
  /^chain \/netboot@[\w.-]+\/\w+\/[\w-]+\.ipxe \|\| goto failed$/,
  /^isset \$\{cwuri\} && goto known_\w+ \|\|$/,
  /^iseq \$\{platform\} efi (\|\| goto newer_\w+_bios|\|\| goto known_\w+|&& goto known_\w+ \|\|)$/,
  /^item newer_\w+ Go on with iPXE [\d.]+$/,
  /^set nixos_and:hex 26:26$/,
  /^chain --autofree \/ipxe@[\w.-]+\/\w+\/menu\.(efi|lkrn) \|\| goto failed$/,
  /^ifconf \|\| goto failed$/,
  /^chain http:\/\/edge\.test(\/with\/[\w:,.-]+)?\/boot\.ipxe \|\| goto failed$/,
  /^kernel --name linux \/netboot@[\w.-]+\/\w+\/[\w-]+\/kernel initrd=initrd init=\/init console=ttyS0,115200 console=tty0 \$\{cmdline\} \|\| goto failed$/,
  /^initrd --name initrd \/netboot@[\w.-]+\/\w+\/[\w-]+\/initrd \|\| goto failed$/,
  /^prompt --timeout 60000 Press any key for the iPXE shell, or wait a minute to boot on\.\.\. \|\| exit 1$/,
];

describe('hostile requests', () => {
  const app = createEdge(() => {});
  // Nobody may be asked for keys.
  const nobody = 'http://127.0.0.1:9';
  const origins = { GITHUB_ORIGIN: nobody, GITLAB_ORIGIN: nobody, CODEBERG_ORIGIN: nobody, SOURCEHUT_ORIGIN: nobody };
  const bindings = { BUCKET: env.BUCKET, CUSTOMISATION: 'on', ...origins };

  beforeAll(async () => {
    const release = await sampleRelease({
      version: '26.05.20260820.e17386d',
      channel: 'nixos-26.05',
      size: 64,
      published: new Date().toISOString(),
    });
    for (const [key, bytes] of release.objects) await env.BUCKET.put(key, bytes);
    const { key, bytes } = sampleCatalog([release.manifest]);
    await env.BUCKET.put(key, bytes);
  });

  it(`never break the edge nor change the meaning of a script (${RUNS} of them)`, { timeout: 600_000 }, async () => {
    const statuses = new Map<number, number>();
    let scripts = 0;
    await fc.assert(
      fc.asyncProperty(hostileRequest, async ({ method, path, headers }) => {
        const request = new Request(`http://edge.test${path}`, { method, headers });
        const response = await app.fetch(request, bindings, createExecutionContext());
        const { status } = response;
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        const body = await response.text();
        expect(status).toBeLessThan(500);
        expect(body).not.toContain('evil.example');
        expect([...response.headers.values()].join('\n')).not.toMatch(/evil\.example|\$\{|`/);
        if (!body.startsWith('#!ipxe')) return;
        scripts += 1;
        const foreign = body
          .trimEnd()
          .split('\n')
          .filter((line) => !SCRIPT_LINES.some((known) => known.test(line)));
        expect(foreign).toEqual([]);
      }),
      { numRuns: RUNS },
    );
    const sorted = [...statuses].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
    console.log(`${RUNS} hostile requests, ${scripts} answered with a script; by status: ${sorted.join(', ')}`);
  });
});
