import { resolve } from 'node:path';
import {
  type Checkpoint,
  type CheckpointAccess,
  dataDirOf,
  type Move,
  type PathReport,
  seekTarget,
  unknownPath,
  withCheckpoints,
  writeToStderr,
} from '@logcatch/core';
import { LogcatchError, plural } from '@logcatch/plugin-api';
import { printErrors } from './engine.ts';
import { exitCode } from './exit-codes.ts';
import { reportText } from './explain.ts';
import { columns, period, plainLine } from './text.ts';

export interface CheckpointFlags {
  readonly input?: string;
  readonly json?: boolean;
}

const usage = {
  ls: { takes: 'no path: `show` does', synopsis: 'ls [--input ID]' },
  show: { takes: 'one path', synopsis: 'show PATH' },
  reset: { takes: 'one path or more', synopsis: 'reset PATH...' },
  seek: {
    takes: 'a path, and a position: a number of bytes, `beginning` or `end`',
    synopsis: 'seek PATH POSITION|beginning|end',
  },
} as const;
type Action = keyof typeof usage;

/** `pipeline checkpoints FILE ACTION ...`: of the running agent, or of what one that has stopped has stored. */
export async function checkpoints(
  file: string,
  action: Action,
  args: readonly string[],
  flags: CheckpointFlags,
): Promise<void> {
  const wanted = readArguments(action, args);
  if (!wanted) {
    const { takes, synopsis } = usage[action];
    writeToStderr(`${action} takes ${takes}: \`pipeline checkpoints FILE ${synopsis}\``);
    process.exitCode = exitCode.invalid;
    return;
  }
  try {
    const answer = await withCheckpoints(await dataDirOf(file, process.env), (access) => wanted(access, flags, file));
    console.log(flags.json ? JSON.stringify(answer.json, undefined, 2) : answer.text);
    process.exitCode = exitCode.done;
  } catch (error) {
    process.exitCode = printErrors(error);
  }
}

interface Answer {
  readonly json: unknown;
  readonly text: string;
}

type Wanted = (access: CheckpointAccess, flags: CheckpointFlags, file: string) => Promise<Answer>;

/** `undefined`: these arguments do not fit. */
function readArguments(action: Action, args: readonly string[]): Wanted | undefined {
  const [path, position, ...more] = args;
  if (action === 'ls') return path === undefined ? list : undefined;
  if (path === undefined) return undefined;
  if (action === 'reset') return async (access) => movesAnswer(await access.reset(args.map((one) => resolve(one))));
  if (action === 'show')
    return position === undefined ? (access, _, pipeline) => show(access, path, pipeline) : undefined;
  const target = position !== undefined && more.length === 0 && /^(\d+|beginning|end)$/.test(position);
  if (!target) return undefined;
  return async (access) => movesAnswer(await access.seek(resolve(path), seekTarget(position)));
}

async function list(access: CheckpointAccess, { input }: CheckpointFlags): Promise<Answer> {
  const json = await access.list(input);
  if (json.length === 0 && input !== undefined)
    throw new LogcatchError('LC_CHECKPOINT_UNKNOWN', `nothing is stored of an input ${input}`);
  return { json, text: json.length > 0 ? listText(json, Date.now()) : 'Nothing is stored.' };
}

async function show(access: CheckpointAccess, path: string, file: string): Promise<Answer> {
  const report = await access.report(resolve(path));
  const { sources, ended } = report;
  if (sources.length + ended.length === 0) throw unknownPath(report.path, report.similar);
  return { json: report, text: showText(report, file, Date.now()) };
}

function movesAnswer(moves: readonly Move[]): Answer {
  return { json: moves, text: moves.map(moveText).join('\n') };
}

/** @param now milliseconds since the epoch */
export function listText(list: readonly Checkpoint[], now: number): string {
  return columns([
    ['source', 'input', 'path', 'position', 'size', 'pending', 'seen'],
    ...list.map(({ key, input, path, currentPath, position, size, account, open, seen }) => [
      String(key),
      input,
      currentPath === path ? path : `${currentPath} (found as ${path})`,
      String(position),
      String(size),
      String(account.pending),
      open ? 'open' : `${period(now - seen)} ago`,
    ]),
  ]).join('\n');
}

function showText(report: PathReport, file: string, now: number): string {
  const identities = report.sources.map(({ key, meta }) => {
    const known = Object.entries(meta).map(([name, value]) => `${name}=${value}`);
    return plainLine(`source ${key} is recognised by ${known.join(' ') || 'its path'}`);
  });
  return [reportText({ ...report, inputs: [] }, file, now), ...identities].join('\n');
}

export function moveText({ input, path, from, to }: Move): string {
  const change = plural(Math.abs(to - from), 'byte');
  const text =
    to === from
      ? `stays at ${to}`
      : to < from
        ? `goes back from ${from} to ${to}: ${change} will be shipped again`
        : `goes on from ${from} to ${to}: ${change} are skipped and will not be shipped`;
  return plainLine(`${input}: ${path} ${text}`);
}
