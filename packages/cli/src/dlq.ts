import {
  addReplayed,
  ConfigErrors,
  dataDirOf,
  dropLetters,
  type LetterFilter,
  type Replayed,
  type ReplayTrouble,
  readDocument,
  readLetters,
  replayLetters,
  summarize,
  writeToStderr,
} from '@logcatch/core';
import { plural } from '@logcatch/plugin-api';
import { makeEngine, printErrors } from './engine.ts';
import { exitCode } from './exit-codes.ts';
import { letterText, noneText, replayText, summaryText, unknownOutputText } from './letters-text.ts';

export interface LetterFlags {
  readonly output?: string;
  readonly reason?: string;
  readonly limit?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Records that `show` prints. */
const usualLimit = 20;

type Action = 'ls' | 'show' | 'replay' | 'drop';

interface Request {
  readonly file: string;
  readonly dataDir: string;
  readonly filter: LetterFilter;
  readonly flags: LetterFlags;
}

/** `pipeline dlq FILE ACTION`: of the running agent, or of what one that has stopped has left. */
export async function dlq(file: string, action: Action, flags: LetterFlags): Promise<void> {
  const wrong = wrongLimit(action, flags.limit);
  if (wrong !== undefined) {
    writeToStderr(wrong);
    process.exitCode = exitCode.invalid;
    return;
  }
  try {
    const filter: LetterFilter = { output: flags.output, code: flags.reason };
    const dataDir = await dataDirOf(file, process.env);
    const unknown = flags.output !== undefined && (await unknownOutput(flags.output, file, dataDir));
    if (unknown) {
      writeToStderr(unknown);
      process.exitCode = exitCode.invalid;
      return;
    }
    process.exitCode = await actions[action]({ file, dataDir, filter, flags });
  } catch (error) {
    process.exitCode = printErrors(error);
  }
  // A plugin's forgotten timer must not keep it alive.
  if (action === 'replay') process.exit();
}

/** That an output is neither in the pipeline file nor one that dead letters are of. A file that cannot be read decides nothing. */
async function unknownOutput(output: string, file: string, dataDir: string): Promise<string | undefined> {
  try {
    const { outputs } = (await readDocument(file)).value as { outputs?: unknown };
    if (typeof outputs !== 'object' || outputs === null) return undefined;
    const { groups } = summarize(dataDir, {});
    const known = [...new Set([...Object.keys(outputs), ...groups.map((group) => group.output)])];
    return known.includes(output) ? undefined : unknownOutputText(output, known);
  } catch (error) {
    if (error instanceof ConfigErrors) return undefined;
    throw error;
  }
}

function wrongLimit(action: Action, limit: string | undefined): string | undefined {
  if (limit === undefined) return undefined;
  if (action !== 'show') return `--limit is for show: ${action} would take all`;
  return /^\d+$/.test(limit) ? undefined : `--limit ${limit}: a number of records looks like 20`;
}

const actions: Record<Action, (request: Request) => number | Promise<number>> = { ls, show, replay, drop };

function ls({ dataDir, filter, flags }: Request): number {
  const summary = summarize(dataDir, filter);
  console.log(flags.json ? JSON.stringify(summary, undefined, 2) : summaryText(summary, filter, Date.now()));
  return exitCode.done;
}

function show({ dataDir, filter, flags }: Request): number {
  const limit = flags.limit === undefined ? (flags.json ? Infinity : usualLimit) : Number(flags.limit);
  let records = 0;
  for (const letter of readLetters(dataDir, filter)) {
    if (++records <= limit) console.log(flags.json ? JSON.stringify(letter) : letterText(letter));
  }
  if (flags.json) return exitCode.done;
  if (records === 0) console.log(noneText(filter, summarize(dataDir, filter).others));
  if (records > limit) console.log(`and ${plural(records - limit, 'record')} more (--limit)`);
  return exitCode.done;
}

async function replay({ file, dataDir, filter, flags }: Request): Promise<number> {
  const outputs = new Map<string, Replayed>();
  let trouble: ReplayTrouble | undefined;
  await replayLetters({
    engine: makeEngine('error'),
    file,
    dataDir,
    // What is refused from now on is not what somebody wanted to replay.
    filter: { ...filter, before: Date.now() },
    done(step) {
      for (const one of step.outputs) outputs.set(one.output, addReplayed(outputs.get(one.output), one));
      ({ trouble } = step);
    },
  });
  const all = [...outputs.values()];
  console.log(flags.json ? JSON.stringify({ outputs: all, trouble }, undefined, 2) : replayText(all, trouble));
  return trouble || all.some(({ refused }) => refused > 0) ? exitCode.failed : exitCode.done;
}

async function drop({ dataDir, filter, flags }: Request): Promise<number> {
  if (!flags.yes) {
    const { records, others, damaged } = summarize(dataDir, filter);
    if (records + damaged === 0) {
      console.log(noneText(filter, others));
      return exitCode.done;
    }
    writeToStderr(`This removes ${plural(records, 'dead letter')} for good. If that is what you want, add --yes.`);
    return exitCode.invalid;
  }
  const dropped = await dropLetters(dataDir, filter);
  console.log(flags.json ? JSON.stringify({ dropped }) : `${plural(dropped, 'dead letter')} dropped`);
  return exitCode.done;
}
