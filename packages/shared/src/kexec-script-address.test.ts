import { describe, expect, it } from 'vitest';
import { formatKexecScriptAddress, isKexecScriptAddress, parseKexecScriptAddress } from './kexec-script-address.ts';

describe('the address of a script', () => {
  it.each([
    ['/kexec.sh', undefined, undefined, 'itself'],
    ['/kexec@26.05.sh', '26.05', undefined, 'itself'],
    ['/kexec@26.05.20260820.e17386d-2.sh', '26.05.20260820.e17386d-2', undefined, 'itself'],
    ['/kexec/low-memory.sh', undefined, 'low-memory', 'itself'],
    ['/kexec@unstable/low-memory.sh.sha256', 'unstable', 'low-memory', 'sha256'],
    ['/kexec.sh.json', undefined, undefined, 'json'],
  ])('%s is read, and written the same', (path, ref, variant, view) => {
    expect(isKexecScriptAddress(path)).toBe(true);
    const parsed = parseKexecScriptAddress(path);
    expect(parsed).toEqual({ ok: true, address: { ref, variant, view } });
    if (parsed.ok) expect(formatKexecScriptAddress(parsed.address)).toBe(path);
  });

  it.each(['/kexec/x86_64', '/kexec/x86_64.sha256', '/kexec/x86_64.tar.gz', '/iso.sh', '/kexec/a/b.sh', '/kexec.shx'])(
    'is not %s',
    (path) => {
      expect(isKexecScriptAddress(path)).toBe(false);
    },
  );

  it.each([
    ['/kexec@UP.sh', 'ref'],
    ['/kexec/kernel.sh', 'variant'],
  ])('%s has a wrong %s', (path, reason) => {
    expect(parseKexecScriptAddress(path)).toMatchObject({ ok: false, problem: { reason } });
  });
});
