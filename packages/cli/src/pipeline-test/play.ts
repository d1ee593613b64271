import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import {
  Agent,
  ConfigErrors,
  type DeadLetter,
  type Desired,
  didYouMean,
  Engine,
  Log,
  readLetters,
} from '@logcatch/core';
import {
  type Attributes,
  type ErrorCode,
  type InputDefinition,
  LogcatchError,
  type Origin,
  type TransformDefinition,
} from '@logcatch/plugin-api';
import { bundled } from '../bundled.ts';
import type { Shown } from './shown.ts';
import { Stage } from './stage.ts';
import type { PipelineTest, Step } from './test-file.ts';
import { Trace } from './trace.ts';

/** What became of the records of a test. */
export interface Outcome {
  /** By the id of the output. */
  readonly outputs: ReadonlyMap<string, readonly Shown[]>;
  readonly deadLetters: ReadonlyMap<string, readonly Shown[]>;
  /** By `id.exit`. */
  readonly exits: ReadonlyMap<string, readonly Shown[]>;
  readonly dropped: readonly Shown[];
  /** A component threw, or held a record for ever. */
  readonly failure: LogcatchError | undefined;
}

/** Milliseconds in which nothing comes of a record: then it never will. */
const patience = 10_000;

const setting = 'pipeline test';

/**
 * Runs a pipeline on what a test gives it: its own transforms, templates and hooks, with nothing opened at either end.
 * @throws ConfigErrors when the pipeline or the test is wrong
 */
export async function play(test: PipelineTest): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'logcatch-test-'));
  const stage = new Stage(test.config);
  const clock = { now: 0 };
  const engine = new Engine({
    log: new Log({ level: 'error', format: 'json', colors: false, write: () => {} }),
    bundled,
    env: test.env,
    host: 'localhost',
    now: () => clock.now,
    standIn: (definition) => stage.standIn(definition),
  });
  engine.hooks.config.tap(setting, (document) => ({
    ...(document as object),
    ...{ data_dir: folder, agent_id: 'test', shutdown_timeout: '1s', http: undefined },
    outputs: allRequired((document as { outputs?: unknown }).outputs),
  }));
  try {
    const agent = await Agent.create(engine, { file: test.pipeline, once: false });
    try {
      return await run(agent, stage, test, (milliseconds) => {
        clock.now += milliseconds;
      });
    } finally {
      await agent.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(
  agent: Agent,
  stage: Stage,
  test: PipelineTest,
  pass: (milliseconds: number) => void,
): Promise<Outcome> {
  const { pipeline, progress } = agent;
  const { desired } = pipeline;
  checkTest(agent, test);
  let failure: LogcatchError | undefined;
  pipeline.hooks.error.tap(setting, (error) => {
    failure ??= error;
    progress.happened();
  });
  const trace = new Trace(pipeline);
  agent.start();
  await Promise.all(pipeline.inputs.map(({ tried }) => tried));
  for (const step of test.steps) {
    pass(step.after ?? 0);
    const reader = readerOf(desired, step);
    const { source, end } = stage.inputs.get(reader.id)!.give({ ...reader, lines: step.lines });
    const settled = await progress.until(() => failure !== undefined || source.position >= end, patience);
    if (!settled) failure ??= stuck(agent);
    if (failure) break;
  }
  await agent.stop();
  return {
    outputs: stage.written,
    exits: trace.exits,
    deadLetters: lettersOf(desired.dataDir),
    dropped: failure
      ? []
      : trace.lost.map(({ shown, last }) => ({ ...shown, fields: { by: droppedBy(desired, last) } })),
    failure,
  };
}

/** One that is not required would drop what it has no room for. */
function allRequired(outputs: unknown): unknown {
  if (typeof outputs !== 'object' || outputs === null) return outputs;
  const entries = Object.entries(outputs).map(([id, output]) => [
    id,
    typeof output === 'object' ? { ...output, required: true } : output,
  ]);
  return Object.fromEntries(entries);
}

/** What a test names has to be in the pipeline, and nothing of that may wait for a value. @throws ConfigErrors */
function checkTest({ configuration, pipeline: { desired } }: Agent, { expect, originOf }: PipelineTest): void {
  const missing = configuration.sources.filter(({ reason }) => reason !== '');
  const errors = missing.map(({ name, reason }) =>
    wrong('LC_CONFIG_VALUE', `the configuration source "${name}" has no value: ${reason}`, originOf([]), {
      hint: `A test gives it one under \`config:\`, such as \`config: { ${name}: ... }\`.`,
    }),
  );
  if (errors.length > 0) throw new ConfigErrors(errors);
  const outputs = desired.outputs.map(({ id }) => id);
  const exits = desired.transforms.flatMap(({ id, definition, options }) =>
    ((definition as TransformDefinition).exits?.(options) ?? []).map((exit) => `${id}.${exit}`),
  );
  const names = { outputs, exits, dead_letters: outputs } as const;
  for (const [section, known] of Object.entries(names)) {
    for (const name of Object.keys(expect[section as keyof typeof names] ?? {})) {
      if (known.includes(name)) continue;
      const what = section === 'exits' ? 'exit' : 'output';
      errors.push(unknown(what, name, known, originOf(['expect', section, name])));
    }
  }
  if (errors.length > 0) throw new ConfigErrors(errors);
}

/** The input that reads what a step gives, and how. @throws ConfigErrors where that is none, or several */
function readerOf({ inputs, file }: Desired, { input, path, attributes = {}, originOf }: Step): Reader {
  const absolute = (path: string) => resolve(dirname(file), path);
  const named = inputs.filter(({ id }) => input === undefined || id === input || id.startsWith(`${input}/`));
  if (named.length === 0) {
    const ids = inputs.map(({ id }) => id);
    throw new ConfigErrors([unknown('input', input!, ids, originOf('input'))]);
  }
  const readers = named.flatMap(({ id, definition, options }): Reader[] => {
    if (path === undefined) return [{ id, path: absolute(`${id}.log`), attributes }];
    const { attributesOf } = definition as InputDefinition;
    const own = attributesOf ? attributesOf(options, absolute(path), absolute) : {};
    return own ? [{ id, path: absolute(path), attributes: { ...own, ...attributes } }] : [];
  });
  const [only, ...others] = readers;
  if (only && others.length === 0) return only;
  const refuse = (message: string, key: string, hint: string) =>
    new ConfigErrors([wrong('LC_CONFIG_VALUE', message, originOf(key), { hint })]);
  if (only) {
    const several = readers.map(({ id }) => id).join(', ');
    throw refuse(`several inputs may have read this: ${several}`, 'input', 'Say which one: `input: ID`.');
  }
  const reading = named.map(({ id, definition, options }) => `"${id}" reads ${definition.summarize?.(options) ?? ''}`);
  throw refuse(`no input would read ${absolute(path!)}`, 'path', `${reading.join(', ')}.`);
}

/** Where records come from. */
interface Reader {
  /** Of the input. */
  readonly id: string;
  readonly path: string;
  readonly attributes: Attributes;
}

function stuck({ pipeline }: Agent): LogcatchError {
  const reasons = pipeline.nodes.flatMap(({ id, supervisor: { status } }) =>
    status.reason === '' ? [] : [`${id} is ${status.state}: ${status.reason}`],
  );
  return new LogcatchError('LC_RUN_TIMEOUT', ['a record was never answered for', ...reasons].join('; '), {
    hint: 'A transform whose promise never resolves, or a plugin that answers `stop` or `retry`, holds it up.',
  });
}

/** The components that a record was given to last, none of which gave it on. */
function droppedBy(
  { edges }: Desired,
  { id, exit }: { readonly id: string; readonly exit: string | undefined },
): string {
  const behind = edges.filter((edge) => edge.from === id && edge.exit === exit).map(({ to }) => to);
  return behind.length > 0 ? behind.join(', ') : [id, exit].filter(Boolean).join('.');
}

function lettersOf(dataDir: string): Map<string, Shown[]> {
  const shown = (letter: DeadLetter): Shown => ({
    value: letter.value ?? Buffer.from(letter.value_base64!, 'base64').toString(),
    fields: { code: letter.code, reason: letter.reason },
    attributes: { ...letter.attributes, ...letter.computed },
  });
  const byOutput = Map.groupBy(readLetters(dataDir, {}), ({ output }) => output);
  return new Map([...byOutput].map(([output, letters]) => [output, letters.map(shown)]));
}

function unknown(what: string, name: string, known: readonly string[], origin: Origin): LogcatchError {
  const message = `there is no ${what} "${name}"${didYouMean(name, known)}`;
  const hint = known.length > 0 ? `There are: ${known.join(', ')}.` : `The pipeline has no ${what}s.`;
  return wrong('LC_CONFIG_UNKNOWN_NAME', message, origin, { hint });
}

function wrong(code: ErrorCode, message: string, origin: Origin, { hint }: { readonly hint: string }): LogcatchError {
  return new LogcatchError(code, message, { origin, hint });
}
