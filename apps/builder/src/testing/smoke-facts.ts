/** One line that a smoke image says about itself on its console (see docs/kexec.md and test/smoke-images). */
export type SmokeFact =
  | { readonly fact: 'kind'; readonly kind: string; readonly arch: string; readonly variant: string }
  | { readonly fact: 'os'; readonly id: string; readonly variantId: string }
  | { readonly fact: 'cmdline'; readonly parameters: readonly string[] }
  | { readonly fact: 'machine-id'; readonly id: string }
  | { readonly fact: 'hostname'; readonly name: string }
  | { readonly fact: 'host-key'; readonly type: string; readonly fingerprint: string }
  | { readonly fact: 'authorized-key'; readonly fingerprint: string; readonly comment: string }
  /** `address` is in CIDR notation. */
  | { readonly fact: 'address'; readonly link: string; readonly mac: string; readonly address: string }
  /** As `ip route` prints it. */
  | { readonly fact: 'route'; readonly route: string }
  | { readonly fact: 'dns'; readonly server: string }
  | { readonly fact: 'customisation'; readonly text: string }
  | { readonly fact: 'missing'; readonly text: string }
  | { readonly fact: 'sshd'; readonly port: number }
  | { readonly fact: 'ready' };

type Fact<Name extends SmokeFact['fact']> = Extract<SmokeFact, { fact: Name }>;

const PREFIX = /^(?:\[[ \d.]+\] )?smoke: /;

/**
 * The fact on a console line; undefined when the line is something else, or a fact of a kind that is not known here.
 */
export function parseSmokeFact(line: string): SmokeFact | undefined {
  const prefix = PREFIX.exec(line);
  if (prefix === null) return undefined;
  const text = line.slice(prefix[0].length).trimEnd();
  const [first = '', second = '', third = '', ...others] = text.split(' ');
  const rest = text.slice(first.length).trim();
  const kind = /^kind=(\S+) arch=(\S+) variant=(\S+)$/.exec(text);
  if (kind !== null) return { fact: 'kind', kind: kind[1] ?? '', arch: kind[2] ?? '', variant: kind[3] ?? '' };
  switch (first) {
    case 'os': {
      const os = /^ID=(\S+) VARIANT_ID=(\S+)$/.exec(rest);
      return os === null ? undefined : { fact: 'os', id: os[1] ?? '', variantId: os[2] ?? '' };
    }
    case 'cmdline':
      return { fact: 'cmdline', parameters: rest.split(/\s+/) };
    case 'machine-id':
      return { fact: 'machine-id', id: second };
    case 'hostname':
      return { fact: 'hostname', name: second };
    case 'host-key':
      return { fact: 'host-key', type: second, fingerprint: third };
    case 'authorized-key':
      return { fact: 'authorized-key', fingerprint: second, comment: [third, ...others].join(' ') };
    case 'address':
      return { fact: 'address', link: second, mac: third, address: others[0] ?? '' };
    case 'route':
      return { fact: 'route', route: rest };
    case 'dns':
      return { fact: 'dns', server: second };
    case 'customisation':
      return { fact: 'customisation', text: rest };
    case 'missing':
      return { fact: 'missing', text: rest };
    case 'sshd': {
      const port = /^listening port=(\d+)$/.exec(rest);
      return port === null ? undefined : { fact: 'sshd', port: Number(port[1]) };
    }
    case 'ready':
      return { fact: 'ready' };
    default:
      return undefined;
  }
}

/** Everything that a machine said about itself, by kind of fact. */
export class SmokeFacts {
  readonly all: readonly SmokeFact[];

  constructor(consoleText: string) {
    this.all = consoleText
      .split('\n')
      .map(parseSmokeFact)
      .filter((fact) => fact !== undefined);
  }

  /** The facts of one kind, in the order in which they were said. */
  of<Name extends SmokeFact['fact']>(name: Name): readonly Fact<Name>[] {
    return this.all.filter((fact): fact is Fact<Name> => fact.fact === name);
  }
}
