import { type Positions, sleep, type Transactions } from '@logcatch/plugin-api';
import { SendFailure } from './failure.ts';
import type { Options } from './options.ts';
import type { PositionsTopic } from './positions-topic.ts';
import type { Session } from './session.ts';

/** The positions topic has leaders soon after it was created, in ms. */
const creationMs = 100;
const creations = 50;

export interface TransactionsSettings {
  readonly options: Options['transactions'];
  readonly session: Session;
  readonly positions: Pick<PositionsTopic, 'read' | 'write'>;
  /** Lets all lanes begin anew. */
  renew(): void;
}

/** Records and positions count together. */
export class KafkaTransactions implements Transactions {
  readonly bytes: number;
  readonly interval: number;
  readonly onMissing: 'local' | 'stop';
  readonly #settings: TransactionsSettings;

  constructor(settings: TransactionsSettings) {
    const { bytes, interval, on_missing_positions: onMissing } = settings.options;
    this.#settings = settings;
    this.bytes = bytes;
    this.interval = interval;
    this.onMissing = onMissing;
  }

  async recover(
    signal: AbortSignal,
    ours?: (positions: ReadonlyMap<string, string>) => boolean,
  ): Promise<ReadonlyMap<string, string>> {
    const { session, renew } = this.#settings;
    session.void(new SendFailure('LC_OUTPUT_FAILED', 'the transaction was given up'));
    try {
      await session.begin(signal, async () => !ours || ours(await this.#read(signal)));
      const positions = await this.#read(signal);
      renew();
      return positions;
    } catch (error) {
      throw error instanceof SendFailure ? error.toError('exactly once') : error;
    }
  }

  async commit(positions: Positions, signal: AbortSignal): Promise<void> {
    const { session, positions: topic } = this.#settings;
    try {
      session.life.throwIfAborted();
      if (positions.size > 0) await topic.write(positions);
      await session.commit(signal);
    } catch (error) {
      throw error instanceof SendFailure ? error.toError('commit') : error;
    }
  }

  /** A topic that had to be created is there some moments later. */
  async #read(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    for (let n = 0; ; n++) {
      try {
        return await this.#settings.positions.read(signal);
      } catch (error) {
        if (SendFailure.from(error).code !== 'LC_OUTPUT_TOPIC_MISSING' || n === creations) throw error;
        await sleep(creationMs, signal);
        signal.throwIfAborted();
      }
    }
  }
}
