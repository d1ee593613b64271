import { readFileSync } from 'node:fs';
import type { LogFormat, LogLevel } from '@logcatch/core';
import { Command, Option } from 'commander';
import { exitCode } from './exit-codes.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

export interface LogFlags {
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat | undefined;
}

/** The `pipeline` command. What a command needs is loaded when it runs, so that `--help` is quick. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('pipeline')
    .description('Ships the lines of files to Kafka or the console, in order, none lost.')
    .version(version)
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      '\nExit codes: 0 done; 1 not everything was delivered; 2 wrong command line or configuration.',
    )
    .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCode.done : exitCode.invalid));

  program
    .command('run')
    .description(
      'run a pipeline file until it is stopped (SIGINT or SIGTERM; a second one ends at once; SIGHUP reloads)',
    )
    .argument('<file>', 'the pipeline file')
    .option('--once', 'read each file to its end, deliver everything, and exit')
    .option('--timeout <duration>', 'with --once: give up after so long without progress', '60s')
    .option('--no-watch', 'do not apply changes of the pipeline file while running')
    .addOption(logLevelOption())
    .addOption(logFormatOption())
    .action(async (file, flags) => (await import('./run.ts')).run(file, { ...flags, version }));

  program
    .command('check')
    .description('validate a pipeline file without running it or connecting to anything')
    .argument('<file>', 'the pipeline file')
    .action(async (file) => (await import('./check.ts')).check(file));

  program
    .command('plugins')
    .description('list the component types, or the options of one')
    .argument('[type]', 'a component type, e.g. kafka')
    .action(async (type) => (await import('./plugins.ts')).plugins(type));

  await program.parseAsync(argv);
}

function logLevelOption(): Option {
  return new Option('--log-level <level>', 'what to log to stderr')
    .choices(['error', 'warn', 'info', 'debug'])
    .default('info');
}

function logFormatOption(): Option {
  return new Option('--log-format <format>', 'how to log to stderr; default: pretty on a terminal, else json').choices([
    'pretty',
    'json',
  ]);
}
