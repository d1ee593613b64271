import { BufferPool } from '@logcatch/core';
import {
  type Batch,
  batchOf,
  LogcatchError,
  type Output,
  type OutputContext,
  Rejected,
  type Source,
} from '@logcatch/plugin-api';
import {
  BrokenContract,
  type ContractCase,
  type ContractOptions,
  check,
  checkEqual,
  type Soon,
  within,
} from './contract.ts';
import { type FakeOptions, fakeOutputContext, MemorySources } from './fakes.ts';

/** An output under test, and how to look at its target. */
export interface OutputSubject {
  readonly options?: FakeOptions;
  /** Called again where the engine would: another instance takes the place of one that has lost its server. */
  create(context: OutputContext): Output;
  /** Everything durable at the target so far, in the order of the one source that wrote it. */
  written(): Promise<readonly string[]>;
  /** Makes the target fail until `heal` is called. Leave it out when it cannot be made to fail. */
  fail?(): Promise<void>;
  heal?(): Promise<void>;
  /** A record that the target never takes. */
  readonly refused?: string;
  cleanup?(): Promise<void>;
}

/** Milliseconds for which a target that should fail is watched. */
const failing = 500;

/** What every output promises. `make` is called once for each case. */
export function outputContract(make: () => Promise<OutputSubject>, options: ContractOptions = {}): ContractCase[] {
  const soon = within(options);
  const play = (name: string, run: (subject: OutputSubject, writer: Writer) => Promise<void>): ContractCase => ({
    name,
    run: async () => {
      const subject = await make();
      const writer = new Writer(() => subject.create(fakeOutputContext(subject.options)), soon);
      try {
        await run(subject, writer);
        await writer.stop();
      } finally {
        await subject.cleanup?.();
      }
    },
  });
  return [
    play('a write that resolves has written every record, in order', async (subject, writer) => {
      await writer.start();
      await writer.write(['one', 'two', 'three']);
      checkEqual(await subject.written(), ['one', 'two', 'three'], 'written');
      await writer.write(['four']);
      checkEqual(await subject.written(), ['one', 'two', 'three', 'four'], 'written');
    }),

    play('writes empty records and records of many bytes', async (subject, writer) => {
      const values = ['', 'ä€😀', 'x'.repeat(100_000), ''];
      await writer.start();
      await writer.write(values);
      checkEqual(await subject.written(), values, 'written');
    }),

    play('keeps no view of a batch after its write is done', async (subject, writer) => {
      await writer.start();
      for (let i = 0; i < 50; i++) await writer.write([`first ${i}`, `second ${i}`]);
      const expected = Array.from({ length: 50 }, (_, i) => [`first ${i}`, `second ${i}`]).flat();
      checkEqual(await subject.written(), expected, 'written');
    }),

    play('answers for every record through failures', async (subject, writer) => {
      if (!subject.fail || !subject.heal) return;
      await writer.start();
      await writer.write(['before']);
      await subject.fail();
      const writing = writer.writeUntilDone(['during 1', 'during 2']);
      await new Promise((resolve) => setTimeout(resolve, failing));
      await subject.heal();
      await soon(writing, 'a write after the failure');
      await writer.write(['after']);
      const written = [...new Set(await subject.written())];
      checkEqual(written, ['before', 'during 1', 'during 2', 'after'], 'written, repeats apart');
    }),

    play('another instance goes on where one has stopped', async (subject, writer) => {
      await writer.start();
      await writer.write(['one']);
      await soon(writer.renew(), 'the start of another instance');
      await writer.write(['two']);
      checkEqual(await subject.written(), ['one', 'two'], 'written');
    }),

    play('refuses what can never be written, by its index, and writes the rest', async (subject, writer) => {
      if (subject.refused === undefined) return;
      await writer.start();
      const refused = await writer.rejection(['good', subject.refused, 'also good']);
      checkEqual(
        refused.records.map(({ index }) => index),
        [1],
        'refused',
      );
      checkEqual(await subject.written(), ['good', 'also good'], 'written');
    }),

    play('a write whose signal has aborted settles soon', async (subject, writer) => {
      await writer.start();
      await subject.fail?.();
      await soon(writer.abortedWrite(['unwanted']), 'an aborted write');
      await subject.heal?.();
    }),

    play('stop is legal before start, and twice', async (_subject, writer) => {
      await soon(writer.output.stop(), 'stop before start');
      await soon(writer.output.stop(), 'the second stop');
    }),
  ];
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 50));

/** Writes as the engine does: one batch after another, chunks overwritten as soon as their write is done. */
class Writer {
  output: Output;
  readonly #create: () => Output;
  readonly #source: Source;
  readonly #pool = new BufferPool(1 << 20, true);
  readonly #soon: Soon;
  #position = 0;

  constructor(create: () => Output, soon: Soon) {
    this.#create = create;
    this.output = create();
    this.#soon = soon;
    this.#source = new MemorySources({ topic: 'test' }).open([{ path: '/var/log/test.log', meta: {} }])[0]!;
  }

  start(): Promise<void> {
    return this.#soon(this.output.start(new AbortController().signal), 'start');
  }

  /** Another instance in the place of this one: its start is tried again and again, too. */
  async renew(): Promise<void> {
    await this.stop();
    this.output = this.#create();
    while (!(await this.#starts())) await pause();
  }

  async write(values: readonly string[]): Promise<void> {
    const batch = await this.#batch(values);
    await this.#soon(Promise.resolve(this.output.write(batch, new AbortController().signal)), 'write');
    batch.chunk.release();
  }

  /** Again and again, as the engine does when a write throws. */
  async writeUntilDone(values: readonly string[]): Promise<void> {
    const batch = await this.#batch(values);
    for (;;) {
      try {
        await this.output.write(batch, new AbortController().signal);
        break;
      } catch (error) {
        check(!(error instanceof Rejected), 'a failure of the target was reported as a refusal');
        await pause();
        const stays = error instanceof LogcatchError && error.code !== 'LC_OUTPUT_UNREACHABLE';
        if (!stays) await this.renew();
      }
    }
    batch.chunk.release();
  }

  #starts(): Promise<boolean> {
    return this.start().then(
      () => true,
      (error) => {
        if (error instanceof BrokenContract) throw error;
        return false;
      },
    );
  }

  async rejection(values: readonly string[]): Promise<Rejected> {
    const batch = await this.#batch(values);
    const outcome = await this.#soon(
      Promise.resolve(this.output.write(batch, new AbortController().signal)).catch((error: unknown) => error),
      'write',
    );
    batch.chunk.release();
    check(outcome instanceof Rejected, `the write did not reject with Rejected but with ${String(outcome)}`);
    return outcome;
  }

  async abortedWrite(values: readonly string[]): Promise<void> {
    const batch = await this.#batch(values);
    const controller = new AbortController();
    const writing = Promise.resolve(this.output.write(batch, controller.signal));
    controller.abort(new Error('not wanted'));
    await writing.then(
      () => {},
      () => {},
    );
    batch.chunk.release();
  }

  async stop(): Promise<void> {
    await this.#soon(this.output.stop(), 'stop');
  }

  async #batch(values: readonly string[]): Promise<Batch> {
    const { signal } = new AbortController();
    const batch = await batchOf(this.#source, values, { start: this.#position, buffers: this.#pool, signal });
    this.#position = batch.end;
    return batch;
  }
}
