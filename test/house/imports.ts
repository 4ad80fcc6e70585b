import { readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { execa } from 'execa';
import { PACKAGES, ROOMS } from './rooms.ts';

/** A file of the repository and what it imports, both by their paths from the root; packages by their names. */
export interface SourceFile {
  readonly path: string;
  readonly imports: readonly string[];
  /** Paths of files in packages that it names otherwise, to run or to read them. */
  readonly reachesFor: readonly string[];
}

/** Every file of TypeScript or JavaScript that git knows or would take. */
export async function readSourceFiles(root: string): Promise<SourceFile[]> {
  const { stdout } = await execa('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.js'], {
    cwd: root,
  });
  const files = stdout.split('\n').map(async (path) => {
    // A file that is deleted and not yet committed.
    const text = await readFile(join(root, path), 'utf8').catch(() => undefined);
    return text === undefined ? [] : [sourceFile(path, text)];
  });
  return (await Promise.all(files)).flat();
}

/** What a file's text says that it imports. The formatter leaves one way of writing an import, so a pattern finds them all. */
export function sourceFile(path: string, text: string): SourceFile {
  const specifiers = [...text.matchAll(/(?:\bfrom|\bimport\(|^import) ?'([^'\n]+)'/gm)].map(
    ([, specifier = '']) => specifier,
  );
  const imports = specifiers.map((specifier) =>
    specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier,
  );
  const named = [...text.matchAll(/['`](?:[^'`\n]*\/)?((?:apps|packages)\/[\w-]+)\/?[^'`\n]*['`]/g)];
  const reachesFor = named.filter(([literal]) => !specifiers.includes(literal.slice(1, -1)));
  return { path, imports, reachesFor: reachesFor.map(([, folder = '']) => folder) };
}

/** One sentence for each thing that a file imports against the rules of the house. */
export function faultsIn(file: SourceFile): string[] {
  const home = packageOf(file.path);
  if (home === undefined) return [];
  const inside = file.imports
    .filter((path) => path.startsWith(`${home}/`))
    .flatMap((path) => faultInside(home, file.path, path));
  const outside = file.imports.flatMap((path) => faultOutside(home, file.path, path));
  const reached =
    home === 'test' ? file.reachesFor.map((folder) => `${file.path} names files of ${folder} by their path`) : [];
  return [...inside, ...outside, ...reached];
}

type Package = keyof typeof PACKAGES;
const FOLDERS: readonly Package[] = ['packages/shared', 'apps/edge', 'apps/local-edge', 'apps/builder', 'test'];

function packageOf(path: string): Package | undefined {
  return FOLDERS.find((folder) => path.startsWith(`${folder}/`));
}

function faultOutside(home: Package, path: string, imported: string): string[] {
  const byPath = packageOf(imported);
  if (byPath !== undefined && byPath !== home)
    return [`${path} imports ${imported} by its path instead of by an export`];
  const owner = FOLDERS.find(
    (folder) => imported === PACKAGES[folder].name || imported.startsWith(`${PACKAGES[folder].name}/`),
  );
  if (owner === undefined || owner === home) return [];
  const allowed: readonly string[] = PACKAGES[home].mayImport;
  if (!allowed.includes(owner)) return [`${path} imports ${imported}, and ${home} may not import ${owner}`];
  const forTests = imported.endsWith('/testing') && home !== 'test' && !isForTests(path);
  return forTests ? [`${path} imports ${imported}, which is for tests`] : [];
}

function faultInside(home: Package, path: string, imported: string): string[] {
  if (isForTests(path)) return [];
  if (isForTests(imported)) return [`${path} imports ${imported}, which is for tests`];
  const rooms = ROOMS[home];
  if (rooms === undefined) return [];
  const [from, to] = [path, imported].map((file) => roomOf(rooms, file.slice(home.length + 1)));
  if (from === undefined || to === undefined) return [];
  return to < from ? [`${path} imports ${imported}, which is above it`] : [];
}

/** The place of a file's room among those of its package, from the top; undefined for a file in none. */
function roomOf(rooms: readonly string[], file: string): number | undefined {
  const around = rooms.filter((room) => file === room || file.startsWith(`${room}/`));
  const nearest = around.toSorted((a, b) => b.length - a.length).at(0);
  return nearest === undefined ? undefined : rooms.indexOf(nearest);
}

function isForTests(path: string): boolean {
  return path.endsWith('.test.ts') || path.includes('/testing/') || path.endsWith('vitest.config.ts');
}
