import { CommanderError, Option, Command as Program } from '@commander-js/extra-typings';
import pack from '../package.json' with { type: 'json' };
import { CONFIG_FILE } from './config.ts';
import { EXIT, Failure, systemFailure } from './failure.ts';
import { PlainProgress, TerminalProgress } from './progress/line-progress.ts';
import type { Progress } from './progress/progress.ts';
import { openRun, type Run } from './run.ts';

/** What a command gives back: the documented JSON, and the same for people. */
interface Result {
  readonly json: object;
  readonly text: string;
  /** When the command worked and what it found is bad: `verify`. */
  readonly failed?: boolean;
}

/** The streams and the signal of one run. */
export interface Surroundings {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
  readonly signal: AbortSignal;
}

const COMMON_HELP = `
Exit codes: 0 it worked; 1 it failed, nothing was left half done; 2 wrong usage, wrong config or a missing tool.
Credentials come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, if there is one, AWS_SESSION_TOKEN.`;

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ nixos-images ${line}`).join('\n')}\n${COMMON_HELP}`;
}

const NONE: readonly string[] = [];

const DROP_IMAGE = 'KIND/ARCH[/VARIANT] that the aliases may go without from now on; may be repeated';

function collect(value: string, former: readonly string[]): readonly string[] {
  return [...former, value];
}

/** The options of every command that works on a bucket. */
interface CommonOptions {
  readonly config: string;
  readonly json?: true | undefined;
  readonly progress?: 'terminal' | 'plain' | undefined;
}

/** Runs the command line and gives its exit code. A command's code is loaded when it is asked for: most need little of the whole. */
export async function runCli(argv: readonly string[], { stdout, stderr, signal }: Surroundings): Promise<number> {
  let exitCode = 0;

  const perform = async (
    options: Omit<CommonOptions, 'config'>,
    work: (progress: Progress) => Promise<Result>,
  ): Promise<void> => {
    const plain = options.progress === 'plain' || (options.progress !== 'terminal' && !stderr.isTTY);
    const progress = plain ? new PlainProgress(stderr) : new TerminalProgress(stderr);
    try {
      const { json, text, failed } = await work(progress);
      progress.close();
      stdout.write(options.json ? `${JSON.stringify(json, null, 2)}\n` : `${text}\n`);
      if (failed) exitCode = EXIT.failed;
    } finally {
      progress.close();
    }
  };

  const act = (options: CommonOptions, work: (run: Run) => Promise<Result>): Promise<void> =>
    perform(options, async (progress) => work(await openRun(options.config, progress, signal)));

  const program = new Program('nixos-images')
    .description('Builds NixOS installer images, publishes them to an S3 bucket and moves channels to them.')
    .version(pack.version)
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .exitOverride()
    .showHelpAfterError('(nixos-images --help shows how it is used)')
    .addHelpText('after', examples('plan', 'publish && nixos-images promote', 'publish --channel unstable --json'));

  const command = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .option('-c, --config <file>', 'config file', CONFIG_FILE)
      .option('--json', 'print the result as JSON (docs/publishing.md describes it)')
      .addOption(
        new Option('--progress <how>', 'how to show it; default: what stderr is').choices([
          'terminal',
          'plain',
        ] as const),
      );

  const selective = (name: string, description: string) =>
    command(name, description)
      .option('--channel <name>', 'only this channel; may be repeated', collect, NONE)
      .option('--kind <kind>', 'only this kind; may be repeated', collect, NONE)
      .option('--arch <arch>', 'only this architecture; may be repeated', collect, NONE)
      .option('--variant <variant>', 'only this variant; may be repeated', collect, NONE)
      .option('--all', 'also images that have not changed since the last release');

  selective('plan', 'Say what would be built and released; builds nothing, writes nothing to the bucket.')
    .addHelpText('after', examples('plan', 'plan --channel 26.05 --json'))
    .action((options) => act(options, async (run) => (await import('./commands/plan.ts')).planCommand(run, options)));

  selective('build', 'Build and hash the images that changed; leaves the bucket alone.')
    .option('--dry-run', 'only say which channels would be built')
    .addHelpText('after', examples('build', 'build --kind iso --arch x86_64'))
    .action((options) => act(options, async (run) => (await import('./commands/build.ts')).buildCommand(run, options)));

  command('publish', 'Build what changed, upload it and verify it; no channel moves yet. Safe to interrupt and repeat.')
    .option('--channel <name>', 'only this channel; may be repeated', collect, NONE)
    .option('--all', 'also images that have not changed since the last release')
    .option('--dry-run', 'only say which channels would be published')
    .addHelpText('after', examples('publish', 'publish --channel unstable --dry-run'))
    .action((options) =>
      act(options, async (run) => (await import('./commands/publish.ts')).publishCommand(run, options)),
    );

  command('promote', 'Boot the images of published releases in QEMU, and move channels to those that boot.')
    .argument('[target...]', 'channels (to their newest release) or versions; default: every channel of the config')
    .option('--dry-run', 'only say what would change')
    .option('--without-boot-test <reason>', 'promote without booting; the reason is recorded with the release')
    .option('--drop-image <image>', DROP_IMAGE, collect, NONE)
    .addHelpText('after', examples('promote', 'promote 26.05.20260820.e17386d', 'promote unstable --dry-run'))
    .action((targets, options) =>
      act(options, async (run) => (await import('./commands/promote.ts')).promoteCommand(run, targets, options)),
    );

  command(
    'release',
    'The weekly run: lock, plan, build, publish, boot, promote, mirror and gc, with one report at the end.',
  )
    .option('--channel <name>', 'only this channel; may be repeated', collect, NONE)
    .option('--update-lock', 'first update the lock of every flake of the config that is on this machine')
    .option('--without-boot-test <reason>', 'promote without booting; the reason is recorded with the release')
    .option('--drop-image <image>', DROP_IMAGE, collect, NONE)
    .option('--no-gc', 'delete nothing')
    .option('--report <file>', 'also write the report to a file, as JSON')
    .addHelpText(
      'after',
      `${examples('release --update-lock', 'release --channel unstable --report report.json')}
A channel that fails does not hold the others back; the exit code is 1 if anything went wrong. Run it again to go on where
it stopped. On GitHub Actions the report is also the step's summary.`,
    )
    .action((options) =>
      act(options, async (run) => (await import('./commands/release.ts')).releaseCommand(run, options)),
    );

  command('import', 'Take over releases that exist on GitHub; downloads are checked against its digests.')
    .argument('<source>', 'github:OWNER/REPO')
    .option('--tag <tag>', 'the release of this tag')
    .option('--all', 'every release whose tag is named like a channel')
    .option('--channel <channel>', 'the channel it belongs to, if its tag does not say so')
    .option('--series <YY.MM>', 'the NixOS series of nixos-unstable, if no netboot script says it')
    .option('--smoke', 'the images are no NixOS (tests)')
    .option('--promote', 'move the channels to what was imported, if it boots')
    .option('--without-boot-test <reason>', 'promote without booting; the reason is recorded with the release')
    .option('--dry-run', 'only say what would be imported')
    .addHelpText(
      'after',
      `${examples(
        'import github:nix-community/nixos-images --tag nixos-unstable --promote',
        "import github:nix-community/nixos-images --all --promote --without-boot-test 'upstream boots them'",
        'import github:nix-community/nixos-images --all --dry-run',
      )}
GITHUB_TOKEN is needed for private repositories, and raises GitHub's limit of requests. Downloads go on where they stopped.`,
    )
    .action((source, options) =>
      act(options, async (run) => (await import('./commands/import.ts')).importCommand(run, source, options)),
    );

  command('mirror', 'Copy what the channels are at to releases of the GitHub repository that the config names.')
    .argument('[channel...]', 'default: every channel of the config')
    .option('--dry-run', 'only say what would be there')
    .addHelpText(
      'after',
      `${examples('mirror', 'mirror unstable --dry-run')}
GITHUB_TOKEN needs the permission to write the contents of that repository.`,
    )
    .action((channels, options) =>
      act(options, async (run) => (await import('./commands/mirror.ts')).mirrorCommand(run, channels, options)),
    );

  command('list', 'Show where each channel is and what it can go back to.')
    .addHelpText('after', examples('list', 'list --json'))
    .action((options) => act(options, async (run) => (await import('./commands/list.ts')).listCommand(run)));

  command('rollback', 'Move a channel back to a former release.')
    .argument('<channel>')
    .option('--to <version>', 'the release to go back to; default: the newest that is older than the current')
    .option('--dry-run', 'only say what would change')
    .addHelpText('after', examples('rollback 26.05 --dry-run', 'rollback unstable --to 26.11.20260820.e17386d'))
    .action((channel, options) =>
      act(options, async (run) => (await import('./commands/rollback.ts')).rollbackCommand(run, channel, options)),
    );

  command('freeze', 'Say that a channel gets no more releases; its last one stays.')
    .argument('<channel>')
    .option('--reason <text>', 'what readers are told')
    .option('--thaw', 'let it get releases again')
    .option('--dry-run', 'only say what would change')
    .addHelpText(
      'after',
      examples('freeze 25.05 --reason "NixOS 25.05 reached its end of life"', 'freeze 25.05 --thaw'),
    )
    .action((channel, options) =>
      act(options, async (run) => (await import('./commands/freeze.ts')).freezeCommand(run, channel, options)),
    );

  command(
    'withdraw',
    'Let no name mean a channel any more: its addresses say that it is gone, and why. Its versions keep theirs.',
  )
    .argument('<channel>')
    .option('--reason <text>', 'what whoever asks for it is told')
    .option('--undo', 'bring it back')
    .option('--dry-run', 'only say what would change')
    .addHelpText(
      'after',
      examples('withdraw 25.05 --reason "it reached its end of life; use 26.05"', 'withdraw 25.05 --undo'),
    )
    .action((channel, options) =>
      act(options, async (run) => (await import('./commands/withdraw.ts')).withdrawCommand(run, channel, options)),
    );

  command('verify', 'Check that the bucket holds what its manifests promise, and an edge what the bucket says.')
    .option('--deep', 'read and hash every blob')
    .option('--edge [url]', 'also ask this edge; without a URL, the one of the config')
    .addHelpText('after', examples('verify', 'verify --deep --edge https://images.example.org'))
    .action((options) =>
      act(options, async (run) => (await import('./commands/verify.ts')).verifyCommand(run, options)),
    );

  command('gc', 'Say what nothing names any more, and delete it with --delete.')
    .option('--delete', 'delete it; without this, gc is a dry run')
    .option('--dry-run', 'only say what would be deleted (the default)')
    .addHelpText('after', examples('gc', 'gc --delete'))
    .action((options) =>
      act(options, async (run) =>
        (await import('./commands/gc.ts')).gcCommand(run, {
          delete: options.delete === true && options.dryRun !== true,
        }),
      ),
    );

  program
    .command('setup')
    .description('Make an edge of your own, in one command.')
    .command('cloudflare')
    .description('In a Cloudflare account: make the bucket, deploy the Worker, and take over the images of today.')
    .option('--account <id>', 'id of the account; default: CLOUDFLARE_ACCOUNT_ID')
    .option('--token-file <file>', 'file that holds the API token, - for standard input; default: CLOUDFLARE_API_TOKEN')
    .option(
      '--env <name>',
      'environment of apps/edge/wrangler.jsonc to deploy, which names Worker and bucket',
      'production',
    )
    .option('--domain <host>', "serve under this host of one of the account's zones")
    .option('--subdomain <name>', 'name under workers.dev to take for the account, if it has none')
    .option('--import <source>', 'where the images come from', 'github:nix-community/nixos-images')
    .option('--no-import', 'bring no images')
    .option('--show-credentials', "print the builder's credentials for the bucket")
    .option('--credentials-file <file>', 'write all that the builder needs to a file that only you can read')
    .option('--bucket-endpoint <url>', 'where the bucket is served over the S3 API; default: where R2 does')
    .option('--edge <url>', "where the edge will answer; default: the domain, or the Worker's name under workers.dev")
    .option('--dry-run', 'only look, and say what would be done')
    .option('-c, --config <file>', 'config file', CONFIG_FILE)
    .option('--json', 'print the result as JSON (docs/operate/README.md describes it)')
    .addOption(
      new Option('--progress <how>', 'how to show it; default: what stderr is').choices(['terminal', 'plain'] as const),
    )
    .addHelpText(
      'after',
      `
Examples:
  $ nixos-images setup cloudflare --dry-run
  $ nixos-images setup cloudflare --credentials-file ~/nixos-images.env
  $ nixos-images setup cloudflare --token-file - --account 0123456789abcdef0123456789abcdef --domain images.example.org
  $ nixos-images setup cloudflare --env staging --no-import

The token needs "Workers R2 Storage: Edit" and "Workers Scripts: Edit" on the account; for --domain also "Workers Routes: Edit"
and "Zone: Read" on the zone. It is taken from the environment or a file, never from an argument, and is neither printed nor stored.
Stop it whenever you like and run it again: it goes on with what is missing.

Exit codes: 0 it worked; 1 it failed and can be run again; 2 wrong usage, wrong config, wrong token or a permission that it lacks.`,
    )
    .action((options) =>
      perform(options, async (progress) =>
        (await import('./commands/setup-cloudflare.ts')).setupCloudflareCommand(progress, signal, options),
      ),
    );

  program
    .command('keygen')
    .description('Make a key to sign releases with.')
    .argument('<file>', 'where the secret key goes; its public half goes beside it, with .pub')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', examples('keygen /root/nixos-images.key'))
    .action(async (file, options) => {
      const { json, text } = await (await import('./commands/keygen.ts')).keygenCommand(file);
      stdout.write(options.json ? `${JSON.stringify(json, null, 2)}\n` : `${text}\n`);
    });

  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    return explain(error, stderr, signal);
  }
}

function explain(error: unknown, stderr: Surroundings['stderr'], signal: AbortSignal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  if (signal.aborted) {
    stderr.write('Interrupted. Nothing half published can be reached; run the same command again to go on.\n');
    return EXIT.failed;
  }
  const failure = error instanceof Failure ? error : systemFailure(error);
  if (failure !== undefined) {
    stderr.write(`${failure.message}\n${failure.remedy === undefined ? '' : `${failure.remedy}\n`}`);
    return failure.exitCode;
  }
  const said = error instanceof Error ? error.message : String(error);
  stderr.write(`Something went wrong that nobody thought of: ${said}\n`);
  if (process.env['NIXOS_IMAGES_DEBUG'] && error instanceof Error) stderr.write(`${error.stack}\n`);
  else stderr.write('Run it again with NIXOS_IMAGES_DEBUG=1 to see where, and report that, please.\n');
  return EXIT.failed;
}
