import {
  type AgentStatus,
  askAgent,
  dataDirOf,
  followAgent,
  parseTapFilter,
  type TapLine,
  type TapRequest,
  type TapTick,
  tapQuery,
  writeToStderr,
} from '@logcatch/core';
import { plural } from '@logcatch/plugin-api';
import { printErrors } from './engine.ts';
import { exitCode } from './exit-codes.ts';
import { silenceText, TapSilence } from './tap-silence.ts';
import { recordText } from './tap-text.ts';

export interface TapFlags {
  readonly grep?: string;
  readonly where?: string;
  readonly limit?: string;
  readonly json?: boolean;
}

/** `pipeline tap FILE [COMPONENT]`: until Ctrl-C, so many records, or the end of the agent. */
export async function tap(file: string, component: string | undefined, flags: TapFlags): Promise<void> {
  const { grep, where, limit, json = false } = flags;
  if (limit !== undefined && !/^[1-9]\d*$/.test(limit)) {
    writeToStderr(`--limit ${limit}: a number of records looks like 20`);
    process.exitCode = exitCode.invalid;
    return;
  }
  let left = limit === undefined ? Infinity : Number(limit);
  const enough = new AbortController();
  // Nobody reads any more, as in `pipeline tap x.yaml | head`.
  process.stdout.on('error', () => process.exit(exitCode.done));
  try {
    const request: TapRequest = {
      ...(component !== undefined && { component }),
      ...(grep !== undefined && { grep }),
      ...(where !== undefined && { where }),
    };
    parseTapFilter(request);
    const colors = process.stdout.isTTY === true && process.stdout.hasColors();
    const dataDir = await dataDirOf(file, process.env);
    const what = component ?? 'all inputs';
    const tell = ticks(what);
    const silence = new TapSilence();
    const explain = async (passed: Pick<TapTick, 'seen' | 'skipped'>) => {
      const status = (await askAgent(dataDir, 'GET', '/status')) as AgentStatus;
      writeToStderr(silenceText(what, passed, status, component));
    };
    const line = (value: unknown) => {
      const one = value as TapLine;
      if ('tick' in one) {
        tell(one.tick);
        const passed = silence.tick(one.tick);
        // An agent that does not answer ends the tap, which says so.
        if (passed) explain(passed).catch(() => {});
        return;
      }
      silence.end();
      process.stdout.write(`${json ? JSON.stringify(one.record) : recordText(one.record, colors)}\n`);
      if (--left === 0) enough.abort();
    };
    await followAgent(dataDir, `/tap?${tapQuery(request)}`, line, enough.signal);
  } catch (error) {
    process.exitCode = enough.signal.aborted ? exitCode.done : printErrors(error);
  }
}

/** Says what is worth saying of what passes: not on stdout, which belongs to the records. */
function ticks(what: string): (tick: TapTick) => void {
  let before: number | undefined;
  return ({ components, skipped }) => {
    if (skipped > 0) writeToStderr(`skipped ${skipped.toLocaleString('en')} ${skipped === 1 ? 'record' : 'records'}`);
    if (components === before) return;
    if (components === 0) writeToStderr(`${what} does not run; it is shown when it does`);
    else if (!before) writeToStderr(`taps ${what} (${plural(components, 'component')}); Ctrl-C ends it`);
    before = components;
  };
}
