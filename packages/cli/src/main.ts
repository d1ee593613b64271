import { readFileSync } from 'node:fs';
import type { LogFormat, LogLevel } from '@logcatch/core';
import { Argument, Command, Option } from 'commander';
import { exitCode } from './exit-codes.ts';
import { folded } from './text.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const pluginKinds = ['input', 'output', 'transform', 'config-source'];

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
      folded(
        '\nExit codes: 0 done; 1 not everything was delivered (with --once, or when all inputs have ended), or something does not run well; 2 wrong command line or configuration; 3 no agent runs.',
        process.stdout.columns,
      ),
    )
    .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCode.done : exitCode.invalid));

  program
    .command('run')
    .description(
      'run a pipeline file until it is stopped or all of its inputs have ended (SIGINT or SIGTERM; a second one ends at once; SIGHUP reloads)',
    )
    .argument('<file>', 'the pipeline file')
    .option('--once', 'read each file to its end, deliver everything, and exit')
    .option('--timeout <duration>', 'with --once: give up after so long without progress', '60s')
    .option('--no-watch', 'do not apply changes of the pipeline file while running')
    .option('--dev', 'start again whenever the source of a plugin is edited, once it can be used')
    .addOption(logLevelOption())
    .addOption(logFormatOption())
    .action(async (file, flags, command) => {
      if (flags.dev && flags.once)
        command.error('--dev is for a run that goes on, --once for one that ends', { exitCode: exitCode.invalid });
      if (!flags.once && command.getOptionValueSource('timeout') === 'cli')
        command.error('--timeout is for --once: without it a run has no end', { exitCode: exitCode.invalid });
      await (await import('./run.ts')).run(file, { ...flags, version });
    });

  program
    .command('check')
    .description('validate a pipeline file without running it or connecting to anything')
    .argument('<file>', 'the pipeline file')
    .option('--online', 'fetch the values of remote configuration sources too')
    .action(async (file, flags) => (await import('./check.ts')).check(file, flags));

  program
    .command('test')
    .description('run the tests of pipeline files: what becomes of given lines; nothing is opened')
    .argument('<file...>', 'pipeline files with `tests:`, or with NAME.test.yaml beside them, or test files')
    .action(async (files) => (await import('./test.ts')).test(files));

  const make = program.command('new').description('make a new pipeline file, or a package with a plugin that works');
  make
    .command('pipeline')
    .description('a pipeline file to start from, NAME.yaml; nothing is overwritten')
    .argument('<name>', 'its name')
    .action(async (name) => (await import('./new-pipeline.ts')).newPipeline(name));
  make
    .command('plugin')
    .description('a package with a plugin, its tests, and a pipeline that uses it; nothing is overwritten')
    .argument('<name>', 'the `type:` that pipeline files will name it by')
    .addOption(new Option(`--kind <${pluginKinds.join('|')}>`, 'what it is').choices(pluginKinds).makeOptionMandatory())
    .option('--dir <dir>', 'the folder to make; default: logcatch-KIND-NAME')
    .action(async (name, flags) => (await import('./new-plugin.ts')).newPlugin(name, { ...flags, version }));

  program
    .command('doctor')
    .description(
      'whether what a pipeline file needs is there: limits, permissions, disks, servers, topics; exit 1: a problem',
    )
    .argument('<file>', 'the pipeline file')
    .option('--json', 'everything, as JSON')
    .action(async (file, flags) => (await import('./doctor.ts')).doctor(file, flags));

  program
    .command('config')
    .description('print what a pipeline file resolves to: defaults included, secrets masked')
    .argument('<file>', 'the pipeline file')
    .option('--origin <key>', 'explain one value, e.g. outputs.kafka.brokers: where it came from')
    .option('--online', 'fetch the values of remote configuration sources too')
    .action(async (file, flags) => (await import('./config.ts')).config(file, flags));

  program
    .command('graph')
    .description('the pipeline as a picture, in the words of Mermaid or Graphviz')
    .argument('<file>', 'the pipeline file')
    .addOption(new Option('--format <format>', 'for whom').choices(['mermaid', 'dot']).default('mermaid'))
    .option('--online', 'fetch the values of remote configuration sources too')
    .action(async (file, flags) => (await import('./graph.ts')).graph(file, flags));

  program
    .command('status')
    .description(
      'what the running agent of a pipeline file does, what it waits for, and what to do (exit 0: all is well)',
    )
    .argument('<file>', 'the pipeline file')
    .option('--json', 'everything, as JSON')
    .action(async (file, flags) => (await import('./status.ts')).status(file, flags));

  program
    .command('top')
    .description('the running agent of a pipeline file, live: rates, lag, queues and what to do (q ends it)')
    .argument('<file>', 'the pipeline file')
    .option('--once', 'one frame, after a second, for scripts')
    .action(async (file, flags) => (await import('./top.ts')).top(file, flags));

  program
    .command('tap')
    .description('records as they pass through the running agent, live, until Ctrl-C; what does not fit is skipped')
    .argument('<file>', 'the pipeline file')
    .argument(
      '[component]',
      'an id: what leaves it, of an output what it is given; id.exit of a transform; default: all inputs',
    )
    .option('--grep <regex>', 'only records whose text matches')
    .option('--where <condition>', 'only records that meet it, as `filter` takes it: level == "error"')
    .option('--limit <records>', 'end after so many')
    .option('--json', 'everything, one record a line')
    .action(async (file, component, flags) => (await import('./tap.ts')).tap(file, component, flags));

  program
    .command('plan')
    .description('what the running agent would change if it read the pipeline file now')
    .argument('<file>', 'the pipeline file')
    .action(async (file) => (await import('./plan.ts')).plan(file));

  program
    .command('explain')
    .description('what logcatch knows of a path: whether it reads it and why, and where every byte went')
    .argument('<file>', 'the pipeline file')
    .argument('<path>', 'the path of a log file')
    .option('--json', 'everything, as JSON')
    .action(async (file, path, flags) => (await import('./explain.ts')).explain(file, path, flags));

  program
    .command('checkpoints')
    .description('look at stored positions and move them, whether the agent runs or not')
    .argument('<file>', 'the pipeline file')
    .addArgument(choice('what to do', ['ls', 'show', 'reset', 'seek']))
    .argument('[args...]', 'show PATH; reset PATH...; seek PATH POSITION|beginning|end')
    .option('--input <id>', 'with ls: of this input alone')
    .option('--json', 'everything, as JSON')
    .action(async (file, action, args, flags) =>
      (await import('./checkpoints.ts')).checkpoints(file, action, args, flags),
    );

  program
    .command('dlq')
    .description(
      'the dead letters, records that an output refused for good: look at them, write them again, or drop them',
    )
    .argument('<file>', 'the pipeline file')
    .addArgument(choice('what to do', ['ls', 'show', 'replay', 'drop']))
    .option('--output <id>', 'only those of this output')
    .option('--reason <code>', 'only those with this error code')
    .option('--limit <records>', 'with show: at most so many; default 20, with --json all')
    .option('--yes', 'with drop: really remove them for good')
    .option('--json', 'everything, as JSON; with show, one record a line')
    .action(async (file, action, flags) => (await import('./dlq.ts')).dlq(file, action, flags));

  program
    .command('fleet')
    .description('all agents that report through a configuration source of the file, and who is behind')
    .argument('<file>', 'the pipeline file')
    .action(async (file) => (await import('./fleet.ts')).fleet(file));

  program
    .command('plugins')
    .description('list the component types, or the options of one')
    .argument('[type]', 'a component type, e.g. kafka')
    .option('--file <file>', 'a pipeline file: with the types of its plugins')
    .action(async (type, flags) => (await import('./plugins.ts')).plugins(type, flags));

  program
    .command('schema')
    .description('JSON Schema of pipeline files, for editors')
    .argument('[file]', 'a pipeline file: with the component types of its plugins')
    .action(async (file) => (await import('./schema.ts')).schema(file));

  await program.parseAsync(argv);
}

/** Named by what it takes: that is what is shown where it is missing. */
function choice(description: string, values: readonly string[]): Argument {
  return new Argument(`<${values.join('|')}>`, description).choices(values);
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
