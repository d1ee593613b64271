import type { Batch, Discovery, ErrorCode, Refused, Verdict } from '@logcatch/plugin-api';
import { Histogram } from './histogram.ts';

/** How often each error came, by code. */
export type ErrorCounts = Readonly<Partial<Record<ErrorCode, number>>>;

/** How often what has happened to the sources of an input. */
export type DiscoveryCounts = Readonly<Record<Discovery['event'], number>>;

/** Records, and their bytes without line ends. */
export interface Flow {
  readonly records: number;
  readonly bytes: number;
}

export function count<Key extends string>(counts: Partial<Record<Key, number>>, key: Key, times = 1): void {
  counts[key] = (counts[key] ?? 0) + times;
}

class FlowCounter implements Flow {
  records = 0;
  bytes = 0;

  add({ count, size }: Pick<Batch, 'count' | 'size'>): void {
    this.records += count;
    this.bytes += size;
  }

  /** What an output has taken of a batch. */
  addTaken(batch: Batch, refused: readonly Refused[]): void {
    this.add(batch);
    this.records -= refused.length;
    for (const { index } of refused) this.bytes -= batch.ends[index]! - batch.starts[index]!;
  }
}

/** What a component has done since the agent started. One that is rebuilt goes on counting. */
export class Counters {
  /** What it was given; of an input, what it has read, in bytes of its sources. */
  readonly in = new FlowCounter();
  /** What it has given to the next ones; of an output, what it has written. */
  readonly out = new FlowCounter();
  readonly errors: Partial<Record<ErrorCode, number>> = {};
  readonly #exits = new Map<string, FlowCounter>();
  /** How often it was started again because it had failed. */
  restarts = 0;
  /** Of an output: how often a batch was put back to be written again, or it sent something again by itself. */
  retries = 0;
  /** Of an output that is not required: records that it did not write, because it was full or failing. */
  dropped = 0;
  /** Of an output: records that it refused for good, by what was done with them. */
  readonly refused: Record<Verdict, number> = { retry: 0, 'dead-letter': 0, drop: 0, stop: 0 };
  /** Of an input: bytes that the positions of its sources have passed, what comes again too. */
  settled = 0;
  /** Of an input: seconds from the read of a batch until its source's position had passed it. */
  readonly settling = new Histogram();
  /** Of an input: what it has decided of its sources. */
  readonly discovered: Record<Discovery['event'], number> = {
    found: 0,
    resumed: 0,
    renamed: 0,
    truncated: 0,
    replaced: 0,
    gone: 0,
  };

  /** Counts what another input has counted, which counts no more. */
  include(gone: Counters): void {
    for (const way of ['in', 'out'] as const) this[way].add({ count: gone[way].records, size: gone[way].bytes });
    for (const code of Object.keys(gone.errors) as ErrorCode[]) count(this.errors, code, gone.errors[code]);
    for (const event of Object.keys(gone.discovered) as Discovery['event'][])
      count(this.discovered, event, gone.discovered[event]);
    this.restarts += gone.restarts;
    this.settled += gone.settled;
    this.settling.include(gone.settling);
  }

  /** What it has given to the next ones through one of its exits. */
  through(exit: string): FlowCounter {
    const known = this.#exits.get(exit);
    if (known) return known;
    const counter = new FlowCounter();
    this.#exits.set(exit, counter);
    return counter;
  }
}
