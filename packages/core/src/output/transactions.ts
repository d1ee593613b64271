import { abortable, LogcatchError, sleep, type Transactions } from '@logcatch/plugin-api';
import type { PipelineEnvironment } from '../pipeline/node.ts';
import { type Backoff, delay, longest, writeBackoff } from '../pipeline/supervisor.ts';
import { type Committing, sourceWindow, type TrackedSource } from '../pipeline/tracked-source.ts';
import type { SourceRow } from '../state/source-row.ts';
import { keyOf, markOf, positionText, reconcile, type Writer } from './positions.ts';
import { Transaction } from './transaction.ts';

/** A source that makes one transaction void after the other rests between them. */
const restBackoff: Backoff = { first: 5_000, last: 60_000 };

/** Who commits nothing for so long commits its mark again: that is how it learns that another agent has taken over. */
const idle = 30_000;

export interface SeriesParts {
  readonly writer: Writer;
  /** What the output can. */
  output(): Transactions;
  /** No further write begins, and nothing is read for it, until {@link open}. */
  hold(): void;
  /** As {@link hold}, and those that have begun end. */
  close(): void;
  /** Resolves when no write is pending. */
  quiet(): Promise<unknown>;
  open(): void;
  /** A transaction was committed: what waited for that may be written. */
  committed(): void;
  /** Returns what it is. It is tried again, unless that cannot help: then the agent stops. */
  failed(error: unknown): LogcatchError;
}

/**
 * The transactions of an output, one after the other. While one is closed and not committed, what is read enters the next one,
 * which is not written yet. Whatever goes wrong, there is one way on, and it is also the way to begin: what is on its way is
 * void, the output says what is committed, and the sources go on from there.
 */
export class TransactionSeries implements Committing {
  readonly #environment: Pick<PipelineEnvironment, 'store' | 'checkpointer' | 'marks'>;
  readonly #parts: SeriesParts;
  readonly #events = {
    complete: (transaction: Transaction) => {
      this.#committing = this.#commit(transaction);
    },
    void: () => this.void(),
  };
  /** What is read enters it. */
  #current = new Transaction(false, this.#events);
  /** Closed, and not committed yet. */
  #closed: Transaction | undefined;
  #committing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #idle: NodeJS.Timeout | undefined;
  /** Nothing waits any more: each is closed as soon as it can be. */
  #hurried = false;
  /** How often in a row what was read of a source made a transaction void. */
  readonly #vain = new WeakMap<TrackedSource, number>();
  /** Rows that the output is to know as they are. */
  #changed = new Set<SourceRow>();
  /** Sources that are over, and rows that were forgotten: it is to know them no more. */
  #over = new Set<TrackedSource>();
  #forgotten = new Set<string>();
  /** Our mark is committed. */
  #marked = false;
  /** Resolves when what is on its way is void. `undefined`: it is, until it has recovered. */
  #voided: PromiseWithResolvers<void> | undefined;
  /** What went wrong since it last recovered. */
  #failure: unknown;
  #stopping = AbortSignal.abort();
  /** In a row. */
  #failures = 0;

  constructor(environment: Pick<PipelineEnvironment, 'store' | 'checkpointer' | 'marks'>, parts: SeriesParts) {
    this.#environment = environment;
    this.#parts = parts;
  }

  get window(): number {
    return Math.max(sourceWindow, 2 * this.#parts.output().bytes);
  }

  read(source: TrackedSource, bytes: number): Transaction {
    const transaction = this.#current;
    transaction.read(source, bytes);
    this.#schedule();
    return transaction;
  }

  changed(row: SourceRow): void {
    this.#changed.add(row);
    this.#schedule();
  }

  forget(source: TrackedSource): void {
    this.#over.add(source);
    this.#schedule();
  }

  /** A write that belongs to no source. It counts when this resolves. @throws what the write throws, or that it does not count */
  async carry<T>(write: () => Promise<T>): Promise<T> {
    while (this.#committing) await this.#committing;
    const transaction = this.#closed ?? this.#current;
    transaction.enter();
    this.#schedule();
    const result = await write().catch((error: unknown) => {
      this.void(error);
      throw error;
    });
    transaction.complete();
    await transaction.over;
    return result;
  }

  /** Transactions are closed as soon as they can be, or as the output says. */
  hurry(hurried: boolean): void {
    this.#hurried = hurried;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#schedule();
  }

  /** Nothing that was not committed counts, and it will come again. @param failure why, where something is wrong */
  void(failure?: unknown): void {
    const voided = this.#voided;
    // What fails when it is void already says nothing new: that shows when it recovers.
    if (!voided) return;
    this.#failure = failure;
    this.#voided = undefined;
    clearTimeout(this.#idle);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#parts.close();
    this.#undo();
    voided.resolve();
  }

  /** When whatever is stuck for the same reason has said so too: all their sources are to be paused by then. */
  voidSoon(): void {
    this.#parts.hold();
    setImmediate(() => this.void());
  }

  /**
   * Resolves when what made a transaction void is over, and the source may be read again: the first time at once, later the
   * later the more often it was in vain, so that the others get on.
   */
  async rested(source: TrackedSource, over: Promise<void>): Promise<void> {
    const times = this.#vain.get(source) ?? 0;
    this.#vain.set(source, times + 1);
    await over;
    if (times > 0) await sleep(longest(restBackoff, times - 1), this.#stopping);
  }

  /** Until the signal aborts, or an error is one that trying again cannot mend. */
  async run(signal: AbortSignal): Promise<void> {
    const { checkpointer } = this.#environment;
    const { writer, failed } = this.#parts;
    this.#stopping = signal;
    this.#parts.close();
    checkpointer.onForget = (row) => {
      this.#changed.delete(row);
      this.#forgotten.add(keyOf(writer, row));
      this.#schedule();
    };
    signal.addEventListener('abort', () => this.void(), { once: true });
    while (!signal.aborted) {
      try {
        await (await this.#recover(signal)).promise;
      } catch (error) {
        if (signal.aborted || !failed(error).retriable) break;
        await sleep(delay(writeBackoff, this.#failures++), signal);
      }
    }
    checkpointer.onForget = () => {};
  }

  async #recover(signal: AbortSignal): Promise<PromiseWithResolvers<void>> {
    await this.#committing;
    await this.#parts.quiet();
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
    const { store, checkpointer, marks } = this.#environment;
    const { writer, output } = this.#parts;
    const stored = await this.#takeOver(signal);
    const found = reconcile(writer, store.rows, stored, (key) => this.#forgotten.has(key));
    if (found.empty && found.missing > 0 && output().onMissing === 'stop') {
      throw new LogcatchError(
        'LC_POSITIONS_MISSING',
        `none are there of output ${writer.output} of agent ${writer.agentId}, but ${found.missing} are known here`,
      );
    }
    this.#marked = stored.get(markOf(writer)) === marks.own;
    store.adopt(found.adopt);
    for (const [row, position, ledger] of found.restore) {
      row.restore(position, ledger);
      checkpointer.changed(row);
    }
    for (const row of found.follow) this.#changed.add(row);
    // What was on its way here meanwhile began where its source was before.
    this.#undo();
    this.#voided = Promise.withResolvers();
    this.#parts.open();
    this.#await();
    this.#schedule();
    return this.#voided;
  }

  /** @throws LC_OUTPUT_FENCED, for good: another agent has taken over since we did */
  async #takeOver(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const { marks } = this.#environment;
    const { writer, output } = this.#parts;
    const ours = (stored: ReadonlyMap<string, string>) => marks.ours(writer, stored);
    const stored = await abortable(output().recover(signal, marks.known(writer) ? ours : undefined), signal);
    if (!ours(stored)) throw new LogcatchError('LC_OUTPUT_FENCED', 'another agent with this agent_id has taken over');
    marks.took(writer, stored);
    return stored;
  }

  #undo(): void {
    const undone = [this.#closed, this.#current];
    this.#closed = undefined;
    this.#current = new Transaction(false, this.#events);
    for (const transaction of undone) transaction?.undo();
  }

  get #empty(): boolean {
    const { since } = this.#current;
    return since === undefined && this.#marked && this.#changed.size + this.#over.size + this.#forgotten.size === 0;
  }

  #schedule(): void {
    if (!this.#voided || this.#closed || this.#empty) return;
    const { bytes, interval } = this.#parts.output();
    if (this.#hurried || this.#current.bytes >= bytes) this.#close();
    else this.#timer ??= setTimeout(() => this.#close(), this.#left(interval));
  }

  /** The next commit, or the mark again. */
  #await(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      this.#marked = false;
      this.#schedule();
    }, idle);
  }

  /** Milliseconds of the interval that are left. */
  #left(interval: number): number {
    const { since } = this.#current;
    return since === undefined ? interval : Math.max(0, since + interval - performance.now());
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#closed = this.#current;
    this.#current = new Transaction(true, this.#events);
    this.#closed.close();
  }

  /** Never throws. */
  async #commit(transaction: Transaction): Promise<void> {
    const { checkpointer, marks } = this.#environment;
    const { writer, output, committed } = this.#parts;
    const [changed, over, forgotten] = [this.#changed, this.#over, this.#forgotten];
    const at = new Map([...changed].map((row) => [row, row.position]));
    const positions = new Map<string, string | null>();
    if (!this.#marked) positions.set(markOf(writer), marks.own);
    for (const row of changed) positions.set(keyOf(writer, row), positionText(row, row.ledger));
    for (const { row } of over) positions.set(keyOf(writer, row), null);
    for (const key of forgotten) positions.set(key, null);
    for (const source of transaction.sources) {
      positions.set(keyOf(writer, source.row), positionText(source.row, source.ledgerAfter(transaction)));
    }
    [this.#changed, this.#over, this.#forgotten] = [new Set(), new Set(), new Set()];
    try {
      await abortable(output().commit(positions, this.#stopping), this.#stopping);
    } catch (error) {
      this.void(error);
    }
    this.#committing = undefined;
    if (!this.#voided) {
      // What took place is seen when it recovers; what did not is told again.
      for (const row of changed) this.#changed.add(row);
      for (const source of over) this.#over.add(source);
      for (const key of forgotten) this.#forgotten.add(key);
      return;
    }
    this.#marked = true;
    this.#failures = 0;
    this.#await();
    for (const [row, position] of at) {
      row.committed = position;
      checkpointer.changed(row);
    }
    for (const source of over) source.forgotten();
    this.#closed = undefined;
    this.#current.waits = false;
    committed();
    transaction.committed();
    for (const source of transaction.sources) this.#vain.delete(source);
    this.#schedule();
  }
}
