import { setTimeout } from 'node:timers/promises';
import { Agent, type LeftOver, type LogFormat, type LogLevel, writeToStderr } from '@logcatch/core';
import { duration, type Status } from '@logcatch/plugin-api';
import { makeEngine, printErrors } from './engine.ts';
import { exitCode, signalExitCode } from './exit-codes.ts';
import { startBlock } from './start-block.ts';

export interface RunFlags {
  readonly once?: boolean;
  readonly timeout: string;
  readonly watch: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat?: LogFormat;
  readonly version: string;
}

/** Milliseconds the start block waits for outputs before it says what they wait for. */
const startPatience = 2_000;

/** `pipeline run FILE`. Ends the process: a plugin's forgotten timer must not keep it alive. */
export async function run(file: string, flags: RunFlags): Promise<void> {
  const timeout = duration().safeParse(flags.timeout);
  if (!timeout.success) {
    writeToStderr(`--timeout ${flags.timeout}: a duration looks like 60s`);
    process.exit(exitCode.invalid);
  }
  const engine = makeEngine(flags.logLevel, flags.logFormat);
  const agent = await Agent.create(engine, { file, once: flags.once === true }).catch((error) => {
    process.exit(printErrors(error));
  });
  const stop = new Promise<void>((resolve) => {
    onStopSignals(resolve);
    // Nobody reads stdout any more, as in `pipeline run x.yaml | head`: the end, and no error.
    agent.pipeline.hooks.error.tap('cli', ({ code }) => {
      if (code === 'LC_OUTPUT_CLOSED') resolve();
    });
  });
  process.on('SIGHUP', () => void agent.refresh());
  agent.start();
  void printStart(agent, flags.version);
  if (flags.watch && !flags.once) agent.watch();

  const finished = flags.once
    ? await Promise.race([agent.finished(timeout.data), stop.then(() => true)])
    : await stop.then(() => true);
  const unfinished = finished ? [] : missing(agent);
  const leftOver = await agent.stop();
  for (const line of unfinished) writeToStderr(line);
  printLeftOver(leftOver);
  process.exit(finished && !(flags.once && leftOver.length > 0) ? exitCode.done : exitCode.failed);
}

function onStopSignals(stop: () => void): void {
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(signalExitCode(signal));
      stopping = true;
      stop();
    });
  }
}

async function printStart(agent: Agent, version: string): Promise<void> {
  const { pipeline } = agent;
  await Promise.all(pipeline.inputs.map((input) => input.started));
  const deadline = Date.now() + startPatience;
  const undecided = ({ state, reason }: Status) => state === 'starting' && reason === '';
  while (pipeline.outputs.some(({ supervisor }) => undecided(supervisor.status)) && Date.now() < deadline)
    await setTimeout(20);
  writeToStderr(startBlock(agent, version));
}

/** Why a run with --once did not come to its end. */
function missing({ pipeline, configuration }: Agent): string[] {
  const lines = pipeline.nodes.flatMap(({ id, supervisor: { status } }) =>
    status.reason ? [`${id} is ${status.state}: ${status.reason} ${status.hint}`] : [],
  );
  for (const { id, sources } of pipeline.desired.waiting)
    lines.push(`${id} waits for a value of ${sources.join(', ')}.`);
  for (const { name, state, reason, hint } of configuration.sources) {
    if (reason) lines.push(`${name} is ${state}: ${reason} ${hint}`);
  }
  for (const input of pipeline.inputs) {
    if (!input.ended && !input.failure) lines.push(`${input.id} has not been read to its end.`);
  }
  return lines;
}

function printLeftOver(leftOver: readonly LeftOver[]): void {
  for (const { input, path, position, bytes } of leftOver) {
    writeToStderr(
      `${input}: ${path} has ${bytes} bytes that were read and not delivered; it resumes at byte ${position}.`,
    );
  }
}
