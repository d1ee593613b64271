import {
  type Attributes,
  Batch,
  batchOf,
  DictionaryColumn,
  type ErrorCode,
  LogcatchError,
  type Refused,
  type Source,
  Stuck,
  within,
} from '@logcatch/plugin-api';
import type { OutputNode } from '../pipeline/output-node.ts';
import { BufferPool } from '../pipeline/pool.ts';
import { sentence } from '../pipeline/supervisor.ts';
import { bytesOf, type DeadLetter, type LetterFilter } from './dead-letter.ts';
import type { Cursor, DeadLetters } from './dead-letters.ts';

/** Bytes of letters that are written before what was written is removed: a kill repeats at most these. */
const stepBytes = 1 << 20;
/** Milliseconds that an output has to take them: less than whoever asks an agent waits for its answer. */
const patience = 5_000;

/** Where letters go. */
export interface ReplayTargets {
  /** `undefined`: there is none with this id. @throws why it cannot be started */
  output(id: string): Promise<OutputNode | undefined>;
  /** The attributes that the pipeline file gives to an input's records now; none where it is not there any more. */
  attributes(input: string): Attributes;
}

/** What became of the letters of one output. */
export interface Replayed {
  readonly output: string;
  /** Records that were written and are no dead letters any more. */
  readonly written: number;
  /** Records that were refused again, and stay. */
  readonly refused: number;
  /** Why: the message of the last one of each error code. */
  readonly reasons: Readonly<Partial<Record<ErrorCode, string>>>;
}

export interface ReplayStep {
  readonly outputs: readonly Replayed[];
  /** Where the next step goes on: it is to be asked for, until there is none. */
  readonly next?: Cursor;
  /** What kept records from being written: they stay, and there is no sense in going on. */
  readonly trouble?: ReplayTrouble;
}

export interface ReplayTrouble {
  readonly output: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/**
 * Writes the letters of about a mebibyte to their outputs, and then removes what was written: at least once, for a kill between
 * the two repeats them. A record keeps its bytes, its place in its source and what transforms have made of it; attributes of its
 * input are taken from the pipeline file, where they may have been mended since.
 */
export async function replayStep(
  letters: DeadLetters,
  targets: ReplayTargets,
  filter: LetterFilter,
  from: Cursor,
): Promise<ReplayStep> {
  const step = new Step(targets);
  const decide = (chosen: readonly DeadLetter[]) => step.write(chosen);
  const next = await letters.edit({ from, filter, most: stepBytes, decide });
  const { outputs, trouble } = step;
  return { outputs, ...(trouble ? { trouble } : next && { next }) };
}

class Step {
  trouble: ReplayTrouble | undefined;
  readonly #targets: ReplayTargets;
  readonly #outputs = new Map<string, Replayed>();

  constructor(targets: ReplayTargets) {
    this.#targets = targets;
  }

  get outputs(): readonly Replayed[] {
    return [...this.#outputs.values()];
  }

  /** What is to stand in the place of each. */
  async write(letters: readonly DeadLetter[]): Promise<(DeadLetter | undefined)[]> {
    const outcomes = new Map<DeadLetter, DeadLetter | undefined>();
    const writes = [...batched(letters)].map(async (batch) => {
      for (const [letter, outcome] of await this.#writeBatch(batch)) outcomes.set(letter, outcome);
    });
    await Promise.all(writes);
    return letters.map((letter) => outcomes.get(letter));
  }

  async #writeBatch(letters: readonly DeadLetter[]): Promise<[DeadLetter, DeadLetter | undefined][]> {
    const { output: id, input } = letters[0]!;
    try {
      const node = await this.#targets.output(id);
      if (!node) throw new LogcatchError('LC_DEAD_LETTERS_OUTPUT', `there is no output ${id}`);
      const refused = await writeTo(node, await batchFrom(letters, this.#targets.attributes(input)));
      const reasons = new Map(refused.map(({ index, reason }) => [index, reason]));
      this.#count(id, letters.length - reasons.size, reasons);
      return letters.map((letter, index) => {
        const reason = reasons.get(index);
        return [letter, reason && { ...letter, code: reason.code, reason: reason.message }];
      });
    } catch (error) {
      if (!(error instanceof LogcatchError)) throw error;
      const { code, message, hint } = error;
      this.trouble ??= { output: id, code, message, hint };
      return letters.map((letter) => [letter, letter]);
    }
  }

  #count(output: string, written: number, refused: ReadonlyMap<number, LogcatchError>): void {
    const reasons = Object.fromEntries([...refused.values()].map(({ code, message }) => [code, message]));
    this.#outputs.set(
      output,
      addReplayed(this.#outputs.get(output), { output, written, refused: refused.size, reasons }),
    );
  }
}

/** Of one output, earlier and now. */
export function addReplayed(before: Replayed | undefined, { output, written, refused, reasons }: Replayed): Replayed {
  return {
    output,
    written: (before?.written ?? 0) + written,
    refused: (before?.refused ?? 0) + refused,
    reasons: { ...before?.reasons, ...reasons },
  };
}

/** @throws LogcatchError */
function writeTo(node: OutputNode, batch: Batch): Promise<readonly Refused[]> {
  return within(patience, (signal) =>
    node.writeOnce(batch, signal).catch((error) => {
      throw signal.aborted ? tooLate(node) : node.supervisor.explain(error instanceof Stuck ? error.reason : error);
    }),
  );
}

function tooLate({ id, supervisor }: OutputNode): LogcatchError {
  const { state, reason, hint } = supervisor.status;
  const status = reason ? `${state}: ${sentence(reason, hint)}` : state;
  return new LogcatchError(
    'LC_OUTPUT_FAILED',
    `${id} has not taken the records within ${patience / 1_000} s; it is ${status}`,
    { hint: 'Nothing is lost: they stay dead letters. Replay them again when it works.' },
  );
}

/** Records of one source stay in their order; those that do not have everything in common but columns go apart. */
function batched(letters: readonly DeadLetter[]): Iterable<DeadLetter[]> {
  return Map.groupBy(letters, ({ output, source, input, path, attributes }) =>
    JSON.stringify([output, source, input, path, attributes]),
  ).values();
}

async function batchFrom(letters: readonly DeadLetter[], attributes: Attributes): Promise<Batch> {
  const [first] = letters as [DeadLetter];
  const { source: key, input, path, offset } = first;
  const source: Source = {
    key,
    input,
    path,
    position: offset,
    attributes: Object.freeze({ ...first.attributes, ...attributes }),
  };
  // Memory of its own, left to the garbage collector: a write that was given up may still look at it.
  const at = { start: offset, buffers: new BufferPool(Infinity), signal: new AbortController().signal };
  const { chunk, count, start, end } = await batchOf(source, letters.map(bytesOf), at);
  const offsets = Float64Array.from(letters, (letter) => letter.offset);
  let batch = new Batch({ source, chunk, count, start, end, offsets });
  for (const name of new Set(letters.flatMap(({ computed = {} }) => Object.keys(computed)))) {
    const column = DictionaryColumn.from(count, (index) => letters[index]!.computed?.[name]);
    batch = batch.withColumn(name, column);
  }
  return batch;
}
