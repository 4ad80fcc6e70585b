import type { Catalog } from '@nixos-images/shared';
import { html } from 'hono/html';
import { listReleases } from './releases.ts';

/** `/feed.atom` (RFC 4287): an entry for each promotion that the catalog knows, newest first. */
export function feed(catalog: Catalog, origin: string): ReturnType<typeof html> {
  const releases = listReleases(catalog).toSorted((a, b) => (a.promoted < b.promoted ? 1 : -1));
  return html`<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<id>${origin}/feed.atom</id>
<title>NixOS installer images</title>
<updated>${catalog.updated}</updated>
<author><name>nixos-images</name></author>
<link rel="self" type="application/atom+xml" href="${origin}/feed.atom"/>
<link rel="alternate" type="text/html" href="${origin}/releases/"/>
${releases.map(
  ({ version, address, channel, promoted, smoke }) => html`<entry>
<id>${origin}${address}</id>
<title>${channel} ${version}${smoke ? ' (smoke images, not NixOS)' : ''}</title>
<updated>${promoted}</updated>
<link rel="alternate" type="text/html" href="${origin}${address}"/>
<category term="${channel}"/>
<summary>Release ${version} of ${channel}.</summary>
</entry>
`,
)}</feed>
`;
}
