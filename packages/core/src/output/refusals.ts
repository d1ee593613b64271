import { abortable, type Batch, plural, type Refused, Stuck, sleep, type Verdict } from '@logcatch/plugin-api';
import type { Delivery } from '../pipeline/delivery.ts';
import type { PipelineEnvironment } from '../pipeline/node.ts';
import type { OutputNode } from '../pipeline/output-node.ts';
import { delay, writeBackoff } from '../pipeline/supervisor.ts';
import type { PauseReason } from '../pipeline/tracked-source.ts';

const verdicts: readonly Verdict[] = ['retry', 'dead-letter', 'drop', 'stop'];
/** Milliseconds between looks at dead letters that were full. */
const fullBackoff = 5_000;

/** How a write ended: `given up` when nobody wants it any more, a list of what was refused for good. */
export type WriteOutcome = 'written' | 'failed' | 'given up' | Stuck | readonly Refused[];

export interface RefusalParts {
  readonly node: OutputNode;
  readonly environment: PipelineEnvironment;
  readonly stopping: AbortSignal;
  write(delivery: Delivery): Promise<WriteOutcome>;
  /** Counts records that are not written and hold up nobody. */
  drop(records: number): void;
}

/** What becomes of records that an output will never take: plugins may say, else they go to the dead letters. */
export class Refusals {
  readonly #parts: RefusalParts;
  /** What waits until the dead letters have room for it. */
  readonly #waiting = new Set<Delivery>();

  constructor(parts: RefusalParts) {
    this.#parts = parts;
  }

  /** Whether every record is answered for; false when the delivery stays unsettled. */
  async answer(delivery: Delivery, batch: Batch, refused: readonly Refused[]): Promise<boolean> {
    const byVerdict: Record<Verdict, Refused[]> = { retry: [], 'dead-letter': [], drop: [], stop: [] };
    for (const record of refused) {
      const verdict = await this.#verdict(delivery, batch, record);
      byVerdict[verdict].push(record);
      this.#parts.node.counters.refused[verdict]++;
    }
    const { stop, retry, drop } = byVerdict;
    const letters = byVerdict['dead-letter'];
    if (letters.length > 0 && !(await this.#bury(delivery, batch, letters))) return false;
    if (!this.#parts.node.required) {
      // It may hold up nobody.
      this.#parts.drop(stop.length + retry.length);
      return true;
    }
    delivery.fates.refused('dead-letter', batch, letters);
    delivery.fates.refused('drop', batch, drop);
    if (stop.length > 0) {
      delivery.source.pause('stopped by a plugin');
      return false;
    }
    if (retry.length > 0 && delivery.transaction) return this.#rest(delivery, 'stopped by a plugin');
    return retry.length === 0 || this.#writeAgain(delivery, batch, retry);
  }

  /**
   * A transaction waits for nobody: this one is void, and its source is not read for a while, so that the others get on.
   * @param vain whether the next one would be void as well
   */
  #rest({ source }: Delivery, reason: PauseReason, vain = () => false): false {
    const rest = {};
    const { stopping } = this.#parts;
    source.pause(reason, rest);
    const enough = async () => {
      do await sleep(fullBackoff, stopping);
      while (vain() && !stopping.aborted);
    };
    void this.#parts.node.transactions!.rested(source, enough()).then(() => source.resume(reason, rest));
    return false;
  }

  async #verdict({ source }: Delivery, batch: Batch, { index, reason }: Refused): Promise<Verdict> {
    const { refused } = this.#parts.environment.hooks;
    if (!refused.isUsed()) return 'dead-letter';
    const verdict = await refused.promise({ output: this.#parts.node.id, source, offset: batch.offset(index), reason });
    return verdict !== undefined && verdicts.includes(verdict) ? verdict : 'dead-letter';
  }

  async #writeAgain(delivery: Delivery, batch: Batch, records: readonly Refused[]): Promise<boolean> {
    const again = batch.select(Uint32Array.from(records, ({ index }) => index));
    for (let attempt = 0; !this.#parts.stopping.aborted && !delivery.cancelled; attempt++) {
      await sleep(delay(writeBackoff, attempt), this.#parts.stopping);
      const child = delivery.child(again);
      const outcome = await this.#parts.write(child);
      child.settle();
      if (outcome === 'written') return true;
      if (outcome instanceof Stuck) await abortable(outcome.over, this.#parts.stopping).catch(() => {});
      else if (typeof outcome !== 'string') return this.answer(delivery, again, outcome);
    }
    return false;
  }

  async #bury(delivery: Delivery, batch: Batch, records: readonly Refused[]): Promise<boolean> {
    const { deadLetters } = this.#parts.environment;
    const signal = this.#parts.stopping;
    let taken = 0;
    try {
      while (!signal.aborted && !delivery.cancelled) {
        try {
          taken += await deadLetters.add(this.#parts.node.id, batch, records.slice(taken));
          this.#waits(delivery, false);
          if (taken < records.length) continue;
          const { reason } = records[0]!;
          this.#parts.node.log.warn(
            `${plural(records.length, 'record')} went to the dead letters: ${reason.code} ${reason.message}`,
            { folder: deadLetters.folder, source: batch.source.path },
          );
          return true;
        } catch (error) {
          const known = this.#parts.node.supervisor.explain(error);
          this.#parts.environment.hooks.error.call(known);
          if (!this.#parts.node.required) {
            this.#parts.drop(records.length - taken);
            return true;
          }
          this.#parts.node.supervisor.degraded(`${known.code} ${known.message}`, known.hint);
          if (delivery.transaction) {
            const { bytes } = deadLetters.usage;
            const full = known.code === 'LC_DEAD_LETTERS_FULL';
            return this.#rest(delivery, 'dead-letters full', () => full && deadLetters.usage.bytes >= bytes);
          }
          this.#waits(delivery, true);
          delivery.source.pause('dead-letters full', delivery);
          await sleep(fullBackoff, signal);
        }
      }
      return false;
    } finally {
      this.#waits(delivery, false);
      delivery.source.resume('dead-letters full', delivery);
    }
  }

  /** The output is degraded for as long as a delivery waits for room in the dead letters. */
  #waits(delivery: Delivery, waits: boolean): void {
    if (waits) this.#waiting.add(delivery);
    else if (this.#waiting.delete(delivery) && this.#waiting.size === 0) this.#parts.node.supervisor.degraded(null);
  }
}
