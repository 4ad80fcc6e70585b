/** A network without DHCP, as somebody describes it; empty where nothing is said. */
export interface FixedNetwork {
  /** With its prefix: `192.0.2.10/24`, `2001:db8::10/64`. */
  readonly address: string;
  readonly gateway: string;
  /** Several with blanks or commas between them. */
  readonly nameserver: string;
  /** Name of a network port, such as `eno1`; every one where none is said. */
  readonly port: string;
}

/** Kernel parameters (dracut.cmdline(7)), none where nothing is said; or what is wrong with which part. */
export type NetworkParameters =
  | { readonly ok: true; readonly parameters: readonly string[] }
  | { readonly ok: false; readonly field: keyof FixedNetwork; readonly sentence: string };

/** Puts a network without DHCP into kernel parameters. */
export function networkParameters({ address, gateway, nameserver, port }: FixedNetwork): NetworkParameters {
  const wrong = (field: keyof FixedNetwork, sentence: string) => ({ ok: false, field, sentence }) as const;
  const servers = nameserver.split(/[\s,]+/).filter((server) => server !== '');
  if (servers.some((server) => familyOf(server) === undefined))
    return wrong('nameserver', 'A name server is given by its address, such as 192.0.2.1 or 2001:db8::1.');
  const nameservers = servers.map((server) => `nameserver=${written(server)}`);
  if (address === '') {
    if (gateway !== '' || port !== '') return wrong('address', 'Say which address the machine has, too.');
    return { ok: true, parameters: nameservers };
  }
  const [host = '', prefix = ''] = address.split('/');
  const family = familyOf(host);
  const longest = family === 4 ? 32 : 128;
  if (family === undefined || !/^\d{1,3}$/.test(prefix) || Number(prefix) < 1 || Number(prefix) > longest)
    return wrong('address', 'This is no address with its prefix, such as 192.0.2.10/24 or 2001:db8::10/64.');
  if (gateway !== '' && familyOf(gateway) !== family)
    return wrong('gateway', `This is no IPv${family} address, as the machine's is.`);
  if (!/^([\w.-]{1,15})?$/.test(port)) return wrong('port', 'This is no name of a network port, such as eno1.');
  const mask = family === 4 ? maskOf(Number(prefix)) : prefix;
  const ip = `ip=${written(host)}::${gateway === '' ? '' : written(gateway)}:${mask}::${port}:none`;
  return { ok: true, parameters: [ip, ...nameservers] };
}

/** In brackets, as the parameters have an IPv6 address among their colons. */
function written(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function familyOf(host: string): 4 | 6 | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(host)) return host.split('.').every((part) => Number(part) < 256) ? 4 : undefined;
  return host.includes(':') && /^[\da-f:.]+$/i.test(host) && URL.canParse(`http://[${host}]`) ? 6 : undefined;
}

/** Dotted, as the kernel itself has it. */
function maskOf(prefix: number): string {
  const bits = '1'.repeat(prefix).padEnd(32, '0');
  return [0, 8, 16, 24].map((start) => Number.parseInt(bits.slice(start, start + 8), 2)).join('.');
}
