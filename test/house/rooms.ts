/** The packages of this repository by their folders, and which of the others each may import. */
export const PACKAGES = {
  'packages/shared': { name: '@nixos-images/shared', mayImport: [] },
  'apps/edge': { name: '@nixos-images/edge', mayImport: ['packages/shared'] },
  'apps/local-edge': { name: '@nixos-images/local-edge', mayImport: ['apps/edge', 'packages/shared'] },
  'apps/builder': { name: 'nixos-images', mayImport: ['apps/local-edge', 'packages/shared'] },
  test: {
    name: '@nixos-images/test',
    mayImport: ['apps/builder', 'apps/edge', 'apps/local-edge', 'packages/shared'],
  },
} as const;

/**
 * The rooms of a package from the top down, folders and single files by their paths: a file may import from its own room and from
 * those below it. What only tests use stands at the top, because nothing else may import it. A file belongs to the longest path that
 * it lies under.
 */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  'packages/shared': ['src/testing', 'src'],
  'apps/edge': [
    'src/testing',
    'src/worker-tests.d.ts',
    'build',
    // What runs in browsers: it knows the page by what is written there alone.
    'browser',
    'src/worker.ts',
    'src/pages',
    'src/customise',
    'src/kexec',
    'src/log.ts',
    'src/answers',
    'src/ways',
    'src/http',
    'src/ipxe',
    'src/objects.ts',
    'src/catalog.ts',
    'src/settings.ts',
    'src/problem.ts',
  ],
  'apps/local-edge': [
    'src/main.ts',
    'src/server.ts',
    'src/local-stack.ts',
    'src/local-edge.ts',
    'src/ready.ts',
    'src/failure.ts',
  ],
  'apps/builder': [
    'src/testing',
    'bin',
    'src/main.ts',
    'src/cli.ts',
    'src/commands',
    'src/release-run.ts',
    'src/report',
    'src/steps',
    'src/run.ts',
    'src/cloudflare',
    'src/github',
    'src/boot',
    // What other packages may use of the rooms below.
    'src/store/index.ts',
    'src/s3',
    'src/store',
    'src/sign',
    'src/nix',
    'src/selection.ts',
    'src/config.ts',
    'src/progress',
    'src/retry.ts',
    'src/digest.ts',
    'src/failure.ts',
  ],
};
