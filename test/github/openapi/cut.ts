/**
 * Cuts the release endpoints out of GitHub's OpenAPI description, without its prose and examples, into releases.json.
 *
 *     npm pack @octokit/openapi@23.0.2
 *     tar -xzf octokit-openapi-23.0.2.tgz package/generated/api.github.com.deref.json
 *     node test/github/openapi/cut.ts package/generated/api.github.com.deref.json
 *     npm run format
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';

const PATHS = [
  '/repos/{owner}/{repo}/releases',
  '/repos/{owner}/{repo}/releases/latest',
  '/repos/{owner}/{repo}/releases/tags/{tag}',
  '/repos/{owner}/{repo}/releases/{release_id}',
  '/repos/{owner}/{repo}/releases/{release_id}/assets',
  '/repos/{owner}/{repo}/releases/assets/{asset_id}',
];

const PROSE = new Set(['description', 'example', 'examples', 'externalDocs', 'summary', 'tags', 'x-github']);

/** A copy without the members that are for people; a property of that name is kept. */
function withoutProse(value: unknown, isPropertyList = false): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutProse(item));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => isPropertyList || !PROSE.has(name))
      .map(([name, member]) => [name, withoutProse(member, name === 'properties')]),
  );
}

const Description = v.object({
  openapi: v.string(),
  info: v.object({ version: v.string(), license: v.unknown() }),
  paths: v.record(v.string(), v.unknown()),
});

const [source] = process.argv.slice(2);
if (source === undefined) throw new Error('usage: node cut.ts FILE');
const { openapi, info, paths } = v.parse(Description, JSON.parse(await readFile(source, 'utf8')));
const cut = {
  openapi,
  info: { title: 'Release endpoints of api.github.com', version: info.version, license: info.license },
  paths: Object.fromEntries(PATHS.map((path) => [path, withoutProse(paths[path])])),
};
await writeFile(join(import.meta.dirname, 'releases.json'), `${JSON.stringify(cut, null, 2)}\n`);
