import { abortable, sleep } from '@logcatch/plugin-api';
import type { Address } from './address.ts';
import { backoff } from './backoff.ts';
import type { Call } from './call.ts';
import type { Cluster } from './cluster.ts';
import { failureOf } from './codes.ts';
import { SendFailure } from './failure.ts';
import { findCoordinator } from './transaction-calls.ts';
import type { Answer } from './wire.ts';

/** The transaction before is not over yet: mostly for some milliseconds, until the ends of it are in all partitions. */
const concurrent = 51;
/** The coordinator is not there yet, or not there any more. */
const moved: readonly number[] = [14, 15, 16];
/** How often a transaction that is not over is asked for, in ms: at first, after {@link soonMs}, and how long at all. */
const [oftenMs, seldomMs, soonMs, longestMs] = [3, 50, 200, 60_000];

/** The broker that keeps the transactions of one id. */
export class Coordinator {
  readonly #cluster: Pick<Cluster, 'request'>;
  readonly #transactionalId: string;
  #address: Address | undefined;

  constructor(cluster: Pick<Cluster, 'request'>, transactionalId: string) {
    this.#cluster = cluster;
    this.#transactionalId = transactionalId;
  }

  /**
   * Asks until there is an answer that does not just ask for patience. The call may come to the coordinator several times.
   * @throws SendFailure when there is none within a minute, or the signal's reason
   */
  async ask<T extends Answer>(call: Call<T>, signal: AbortSignal): Promise<T> {
    const began = performance.now();
    for (let failures = 0; ; ) {
      const answer = await abortable(this.#try(call), signal);
      const waited = performance.now() - began;
      if (answer instanceof SendFailure) {
        if (waited > longestMs) throw answer;
        await sleep(backoff(failures++), signal);
      } else if (answer.code === concurrent && waited <= longestMs) {
        await sleep(waited < soonMs ? oftenMs : seldomMs, signal);
      } else return answer;
    }
  }

  async #try<T extends Answer>(call: Call<T>): Promise<T | SendFailure> {
    try {
      this.#address ??= await this.#find();
      const answer = await this.#cluster.request(call, this.#address);
      if (!moved.includes(answer.code)) return answer;
      this.#address = undefined;
      return failureOf(answer.code);
    } catch (error) {
      this.#address = undefined;
      return SendFailure.from(error);
    }
  }

  async #find(): Promise<Address> {
    const { code, address, text } = await this.#cluster.request(findCoordinator(this.#transactionalId), 'any');
    if (code === 0) return address;
    throw failureOf(code, text);
  }
}
