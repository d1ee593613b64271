import {
  type Batch,
  type Figures,
  LogcatchError,
  type Output,
  type OutputContext,
  type OutputDefinition,
  type PipelineHooks,
  type Receipt,
  type Refused,
  Rejected,
  Stuck,
  type Transactions,
} from '@logcatch/plugin-api';
import type { DesiredComponent } from '../config/index.ts';
import { checkInstance } from '../pipeline/shape.ts';

/** What a plugin made of an output's definition, held to its contract. */
export class OutputInstance {
  readonly #id: string;
  readonly #hooks: PipelineHooks;
  readonly #output: Output;
  #broken = false;

  /** @throws what the plugin throws, LC_PLUGIN_CONTRACT */
  constructor({ id, definition, options }: DesiredComponent, context: OutputContext, hooks: PipelineHooks) {
    const { create, transactional } = definition as OutputDefinition;
    this.#id = id;
    this.#hooks = hooks;
    this.#output = checkInstance(create(options, context), 'An output', ['start', 'write', 'stop']);
    if (transactional?.(options) && !this.#output.transactions) {
      throw new LogcatchError('LC_PLUGIN_CONTRACT', 'its options ask for transactions, and it has none');
    }
  }

  /** A write of it threw that its server is gone, or did not say what happened: only another one surely has a connection. */
  get broken(): boolean {
    return this.#broken;
  }

  get transactions(): Transactions | undefined {
    return this.#output.transactions;
  }

  get figures(): Figures | undefined {
    return this.#output.figures?.();
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#output.start(signal);
  }

  async stop(): Promise<void> {
    await this.#output.stop();
  }

  /** Returns what was refused for good. @throws what the plugin throws, and the signal's reason where that has aborted before */
  async write(batch: Batch, signal: AbortSignal): Promise<readonly Refused[]> {
    signal.throwIfAborted();
    try {
      this.#tell(batch, batch.count, (await this.#output.write(batch, signal)) ?? []);
      return [];
    } catch (error) {
      if (!(error instanceof Rejected)) {
        // What gives up because it has to need not say so.
        this.#broken ||= !signal.aborted && breaks(error);
        throw error;
      }
      const { records, receipts } = error;
      if (!records.every(({ index }) => Number.isInteger(index) && index >= 0 && index < batch.count)) {
        throw new LogcatchError('LC_PLUGIN_CONTRACT', 'it refused records that are not in the batch');
      }
      this.#tell(batch, batch.count - records.length, receipts);
      return records;
    }
  }

  #tell({ source }: Batch, records: number, receipts: readonly Receipt[]): void {
    const { delivered } = this.#hooks;
    if (delivered.isUsed()) delivered.call({ output: this.#id, source, records, receipts });
  }
}

function breaks(error: unknown): boolean {
  if (error instanceof LogcatchError) return error.code === 'LC_OUTPUT_UNREACHABLE';
  return !(error instanceof Stuck);
}
