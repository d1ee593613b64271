import type { Commands } from '../control/control.ts';
import { askAgent } from '../control/control-client.ts';
import type { Engine } from '../engine.ts';
import type { Log } from '../log.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { withAgentOrState } from '../state/state-access.ts';
import type { LetterFilter } from './dead-letter.ts';
import { type ReplayStep, replayStep } from './dead-letter-replay.ts';
import { runningTargets, StoppedTargets } from './dead-letter-targets.ts';
import { type Cursor, DeadLetters } from './dead-letters.ts';

const beginning: Cursor = { segment: 0, byte: 0 };

/** What can be asked of a running agent. */
export function letterCommands(letters: DeadLetters, pipeline: Pipeline, log: Log): Commands {
  const targets = runningTargets(pipeline);
  return {
    'POST /dead-letters/drop': async (query) => {
      const records = await letters.drop(filterOf(query));
      log.answer('info', 'a command removed dead letters', { records });
      return records;
    },
    'POST /dead-letters/replay': async (query) => {
      const step = await replayStep(letters, targets, filterOf(query), cursorOf(query));
      for (const { output, written } of step.outputs)
        log.answer('info', 'a command replayed dead letters', { output, written });
      return step;
    },
  };
}

/**
 * Removes dead letters of a data_dir for good, whether its agent runs or not, and returns how many.
 * @throws LC_AGENT_NOT_RUNNING where no agent has ever been, LC_DATA_DIR_LOCKED
 */
export function dropLetters(dataDir: string, filter: LetterFilter): Promise<number> {
  return withAgentOrState(
    dataDir,
    async () => (await askAgent(dataDir, 'POST', `/dead-letters/drop?${queryOf(filter)}`)) as number,
    () => new DeadLetters(dataDir).drop(filter),
  );
}

export interface ReplayRequest {
  readonly engine: Engine;
  /** The pipeline file: of an agent that does not run, the outputs concerned are started. */
  readonly file: string;
  readonly dataDir: string;
  readonly filter: LetterFilter;
  /** Called after each step: what it says has been done. */
  done(step: ReplayStep): void;
}

/** Writes dead letters to their outputs again, see {@link replayStep}. @throws as {@link dropLetters}, and ConfigErrors */
export function replayLetters({ engine, file, dataDir, filter, done }: ReplayRequest): Promise<void> {
  const steps = async (stepFrom: (from: Cursor) => Promise<ReplayStep>) => {
    for (let from: Cursor | undefined = beginning; from; ) {
      const step: ReplayStep = await stepFrom(from);
      done(step);
      from = step.next;
    }
  };
  return withAgentOrState(
    dataDir,
    () =>
      steps(async (from) => {
        const query = queryOf({ ...filter, ...from });
        return (await askAgent(dataDir, 'POST', `/dead-letters/replay?${query}`)) as ReplayStep;
      }),
    async (store) => {
      const letters = new DeadLetters(dataDir);
      const targets = await StoppedTargets.open({ engine, file, store, letters });
      try {
        await steps((from) => replayStep(letters, targets, filter, from));
      } finally {
        await targets.close();
      }
    },
  );
}

function queryOf(values: LetterFilter & Partial<Cursor>): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value));
  return query;
}

function filterOf(query: URLSearchParams): LetterFilter {
  const before = query.get('before');
  return {
    output: query.get('output') ?? undefined,
    code: query.get('code') ?? undefined,
    before: before === null ? undefined : Number(before),
  };
}

function cursorOf(query: URLSearchParams): Cursor {
  return { segment: Number(query.get('segment')), byte: Number(query.get('byte')) };
}
