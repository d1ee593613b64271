import { SendFailure } from './failure.ts';
import type { PositionsTopic } from './positions-topic.ts';
import type { Producer, RecordBatch, Sender } from './sender.ts';
import type { Session } from './session.ts';

/** Sends what counts with the next commit. Where the broker does not follow our sequence numbers, the transaction is void. */
export class TransactionSender<Payload> implements Sender<Payload> {
  readonly #sender: Sender<Payload>;
  readonly #session: Session;
  readonly #positions: Pick<PositionsTopic, 'enlist'>;

  constructor(sender: Sender<Payload>, session: Session, positions: Pick<PositionsTopic, 'enlist'>) {
    this.#sender = sender;
    this.#session = session;
    this.#positions = positions;
  }

  async identify(fresh: boolean): Promise<Producer> {
    if (fresh) this.#session.void(new SendFailure('LC_OUTPUT_FAILED', 'the transaction needs a new producer'));
    return this.#session.producer;
  }

  forget(): void {}

  async send(topic: string, partition: number, records: RecordBatch<Payload>): Promise<bigint | undefined> {
    const { life } = this.#session;
    // Positions will follow, so that one request does for both.
    await Promise.all([this.#session.enlist(topic, partition), this.#positions.enlist()]);
    try {
      return await this.#sender.send(topic, partition, records);
    } catch (error) {
      const failure = SendFailure.from(error);
      // An answer that comes late is none to what was begun since.
      if (failure.remedy === 'restamp' && !life.aborted) this.#session.void(failure);
      throw failure;
    }
  }

  ready(topic: string, partition: number): Promise<void> {
    return this.#sender.ready(topic, partition);
  }
}
