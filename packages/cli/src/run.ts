import { dirname, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  Agent,
  isPath,
  type Log,
  type LogFormat,
  type LogLevel,
  readLetters,
  sentence,
  writeToStderr,
} from '@logcatch/core';
import { duration, plural, type Status } from '@logcatch/plugin-api';
import { makeEngine, printErrors } from './engine.ts';
import { exitCode, signalExitCode } from './exit-codes.ts';
import { RunProgress } from './progress.ts';
import { startBlock } from './start-block.ts';
import { lastLine, leftLines } from './stop-block.ts';
import { strayError } from './stray-error.ts';
import { period } from './text.ts';

export interface RunFlags {
  readonly once?: boolean;
  readonly timeout: string;
  readonly watch: boolean;
  readonly dev?: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat?: LogFormat;
  readonly version: string;
}

/** Milliseconds the start block waits for components before it says what they wait for. */
const startPatience = 2_000;

/** `pipeline run FILE`. Ends the process: a plugin's forgotten timer must not keep it alive. */
export async function run(file: string, flags: RunFlags): Promise<void> {
  const timeout = duration().safeParse(flags.timeout);
  if (!timeout.success) {
    writeToStderr(`--timeout ${flags.timeout}: a duration looks like 60s`);
    process.exit(exitCode.invalid);
  }
  const progress = new RunProgress();
  const engine = makeEngine(flags.logLevel, flags.logFormat, progress.write);
  const agent = await Agent.create(engine, {
    file,
    once: flags.once === true,
    version: flags.version,
    page: async () => (await import('@logcatch/page')).pageFiles,
  }).catch((error) => {
    process.exit(printErrors(error));
  });
  const stopped = Promise.withResolvers<void>();
  let again = false;
  let interrupted = false;
  /** What is on its way will not arrive: there is nothing to wait for. */
  let closed = false;
  const end = () => {
    again = false;
    interrupted = true;
    stopped.resolve();
  };
  onSignals(agent, end);
  onStrayErrors(agent, engine.log, end);
  agent.pipeline.hooks.error.tap('cli', ({ code, at }) => {
    // Nobody reads stdout any more, as in `pipeline run x.yaml | head`: the end, and no error.
    const output = agent.pipeline.outputs.find(({ id }) => id === at);
    if (code !== 'LC_OUTPUT_CLOSED' || !output?.required) return;
    closed = true;
    end();
  });
  void agent.failed.then(() => {
    process.exitCode = exitCode.failed;
    end();
  });
  if (flags.dev) {
    await watchPlugins(agent, file, engine.log, () => {
      again = true;
      stopped.resolve();
    });
  }
  const written = new Map<string, number>();
  agent.pipeline.hooks.delivered.tap('cli', ({ output, records }) => {
    written.set(output, (written.get(output) ?? 0) + records);
  });
  agent.start();
  const printed = printStart(agent, engine.log, flags.version);
  if (['info', 'debug'].includes(flags.logLevel)) void progress.start(agent, printed);
  if (flags.watch && !flags.once) agent.watch();

  const stands = (left: number) => {
    const end = `nothing has moved for 10s, and in ${period(left)} the run gives up (--timeout ${flags.timeout})`;
    engine.log.warn([`${end}:`, ...missing(agent)].join(' '));
  };
  const complete = flags.once
    ? await Promise.race([agent.finished(timeout.data, stands), stopped.promise.then(() => agent.pipeline.finished)])
    : await Promise.race([agent.ended(), stopped.promise]).then(() => true);
  // Nothing more was to come: whoever waits for its end wants to know whether all of it was delivered.
  const whole = flags.once || agent.pipeline.ended;
  progress.stop();
  if (!complete) print(engine.log, 'error', [...whyIncomplete(agent, interrupted, flags.timeout), ...missing(agent)]);
  const leftOver = await agent.stop({ drain: !closed });
  print(engine.log, 'warn', leftLines(leftOver));
  const { count, folder } = agent.deadLetters;
  const letters = count > 0 ? lettersLeft(agent) : 0;
  if (letters > 0) {
    const are = letters === 1 ? 'is' : 'are';
    print(engine.log, 'warn', [
      `${plural(letters, 'record')} could not be delivered and ${are} in ${folder}: see \`pipeline dlq ${file} ls\`.`,
    ]);
  }
  print(engine.log, 'info', [lastLine(written, leftOver)]);
  // The same process: same pid, same terminal, and nothing left of the plugins that it had loaded.
  if (again)
    process.execve!(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], process.env);
  const done = complete && !(whole && count > 0) && process.exitCode !== exitCode.failed;
  process.exit(done ? exitCode.done : exitCode.failed);
}

/** `--dev`: says what became of an edited plugin, and ends the run where the next one is to begin. */
async function watchPlugins({ pipeline }: Agent, file: string, log: Log, restart: () => void): Promise<void> {
  const { PluginWatch } = await import('./plugin-watch.ts');
  const folder = dirname(pipeline.desired.file);
  const plugins = pipeline.desired.plugins.filter(isPath).map((specifier) => resolve(folder, specifier));
  const watch = new PluginWatch({
    file,
    plugins,
    changed: (name) => {
      void watch.stop();
      print(log, 'info', [`${name} was changed: the pipeline starts again`]);
      restart();
    },
    refused: (name, errors) =>
      print(log, 'error', [`${name} was changed and cannot be used: what runs goes on`, ...errors.split('\n')]),
  });
  await watch.follow();
}

/** Dead letters of this run that nobody has replayed or dropped since. */
function lettersLeft({ pipeline, startedAt }: Agent): number {
  let count = 0;
  for (const { time } of readLetters(pipeline.desired.dataDir, {})) if (Date.parse(time) >= startedAt) count++;
  return count;
}

function onSignals(agent: Agent, stop: () => void): void {
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(signalExitCode(signal));
      stopping = true;
      stop();
    });
  }
  // From a terminal it means that the terminal has gone; to a service it says: read your configuration again.
  const interactive = process.stdin.isTTY || process.stderr.isTTY;
  process.on('SIGHUP', () => (interactive ? stop() : void agent.refresh()));
}

/** Errors that a plugin threw where nobody waits for them. What a promise rejected is reported; after a throw nothing is certain. */
function onStrayErrors({ pipeline }: Agent, log: Log, stop: () => void): void {
  const { plugins } = pipeline.desired;
  process.on('unhandledRejection', (error) => {
    const what = 'nobody waited for a promise that failed';
    log.error(strayError(what, error, plugins, 'A plugin has to `await` it, or to `catch` what it throws.'));
  });
  process.on('uncaughtException', (error) => {
    const what = 'an error that nothing could catch; the pipeline stops';
    const hint =
      "A plugin's socket or stream has no 'error' listener, or its callback threw: give it one, or mend that.";
    log.error(strayError(what, error, plugins, hint));
    process.exitCode = exitCode.failed;
    stop();
  });
}

async function printStart(agent: Agent, log: Log, version: string): Promise<void> {
  // Whoever reads that it runs may ask it at once.
  await agent.listening();
  const { pipeline } = agent;
  await Promise.all(pipeline.inputs.map((input) => input.tried));
  const deadline = Date.now() + startPatience;
  const undecided = ({ state, reason }: Status) => state === 'starting' && reason === '';
  while (pipeline.nodes.some(({ supervisor }) => undecided(supervisor.status)) && Date.now() < deadline)
    await setTimeout(20);
  print(log, 'info', startBlock(agent, version).split('\n'));
}

/** For people; a log of JSON lines stays one. */
function print(log: Log, level: 'error' | 'warn' | 'info', lines: readonly string[]): void {
  for (const line of lines) {
    if (log.json) log.answer(level, line.trim());
    else if (log.shows(level)) writeToStderr(line);
  }
}

/** What ended a run with --once before its end, where no input says so itself. */
function whyIncomplete({ pipeline }: Agent, interrupted: boolean, timeout: string): string[] {
  if (pipeline.inputs.some(({ failure }) => failure)) return [];
  if (interrupted) return ['It was stopped before everything was delivered:'];
  return [`LC_RUN_TIMEOUT not everything was delivered, and nothing moved for ${timeout}:`];
}

/** What a run with --once still waits for. */
function missing({ pipeline, configuration }: Agent): string[] {
  const lines = pipeline.nodes.flatMap(({ id, supervisor: { status } }) =>
    status.reason ? [`${id} is ${status.state}: ${sentence(status.reason, status.hint)}`] : [],
  );
  for (const { id, sources } of pipeline.desired.waiting)
    lines.push(`${id} waits for a value of ${sources.join(', ')}.`);
  for (const { name, state, reason, hint } of configuration.sources) {
    if (reason) lines.push(`${name} is ${state}: ${sentence(reason, hint)}`);
  }
  for (const input of pipeline.inputs) {
    if (!input.ended && !input.failure) lines.push(`${input.id} has not been read to its end.`);
  }
  return lines;
}
