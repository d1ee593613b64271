import type { Batch, Input, InputContext, Source } from '@logcatch/plugin-api';
import {
  type ContractCase,
  type ContractOptions,
  check,
  checkEqual,
  type Soon,
  staysPending,
  within,
} from './contract.ts';
import { type FakeInputContext, type FakeOptions, fakeInputContext, type MemorySources } from './fakes.ts';

/** An input under test, and the one source it reads. */
export interface InputSubject {
  /** Folder and such for the context. */
  readonly options?: FakeOptions;
  create(context: InputContext): Input;
  /** Makes these lines available, after those of earlier calls, as records of one source. */
  produce(lines: readonly string[]): Promise<void>;
  /** Nothing comes after what was produced. Leave it out for an input that has no end by itself. */
  finish?(): Promise<void>;
  cleanup?(): Promise<void>;
}

const lines = Array.from({ length: 500 }, (_, i) => `line ${i} ${'x'.repeat(i % 97)}`);

/** What every input promises. `make` is called once for each case. */
export function inputContract(make: () => Promise<InputSubject>, options: ContractOptions = {}): ContractCase[] {
  const soon = within(options);
  const begin = (subject: InputSubject, sources?: MemorySources, maxRecords?: number) =>
    beginLife(subject, soon, sources, maxRecords);
  const play = (name: string, run: (subject: InputSubject) => Promise<void>): ContractCase => ({
    name,
    run: async () => {
      const subject = await make();
      await run(subject).finally(() => subject.cleanup?.());
    },
  });
  return [
    play('reads every record, in order, and positions follow each other', async (subject) => {
      await subject.produce(lines);
      const life = await begin(subject);
      checkEqual(await life.read(lines.length), lines, 'records');
      await life.end();
    }),

    play('follows what is added later', async (subject) => {
      await subject.produce(lines.slice(0, 10));
      const life = await begin(subject);
      checkEqual(await life.read(10), lines.slice(0, 10), 'records');
      await subject.produce(lines.slice(10, 20));
      checkEqual(await life.read(10), lines.slice(10, 20), 'added records');
      await life.end();
    }),

    play('goes on from what has settled after a restart, and loses nothing', async (subject) => {
      await subject.produce(lines);
      const first = await begin(subject, undefined, 100);
      const read = await first.read(1);
      first.settle();
      await first.end();
      await subject.produce(['the last']);
      const second = await begin(subject, first.context.sources);
      const expected = [...lines, 'the last'].slice(read.length);
      checkEqual(await second.read(expected.length), expected, 'records after the restart');
      await second.end();
    }),

    play('reads again what has not settled after a restart', async (subject) => {
      await subject.produce(lines);
      const first = await begin(subject);
      await first.read(lines.length);
      await first.end();
      const second = await begin(subject, first.context.sources);
      checkEqual(await second.read(lines.length), lines, 'records after the restart');
      await second.end();
    }),

    play('honours pause and resume', async (subject) => {
      await subject.produce(lines);
      const life = await begin(subject, undefined, 50);
      const before = await life.read(1);
      const source = life.source!;
      life.input.pause(source);
      life.input.pause(source);
      const pending = life.next();
      check(await staysPending(pending), 'a batch of a paused source came');
      life.input.resume(source);
      life.take(await soon(pending, 'read after resume'));
      const rest = await life.read(lines.length - life.records.length);
      check(rest.length > 0, 'nothing came after resume');
      checkEqual(life.records, lines, `records (${before.length} before the pause)`);
      await life.end();
    }),

    play('goes back when it is told to', async (subject) => {
      await subject.produce(lines);
      const life = await begin(subject, undefined, 50);
      const first = await life.read(1);
      await life.read(1);
      life.rewind(life.firstEnd);
      checkEqual(await life.read(lines.length - first.length), lines.slice(first.length), 'records after the rewind');
      await life.end();
    }),

    play('a pending read ends when its signal aborts', async (subject) => {
      const life = await begin(subject);
      const pending = life.next();
      pending.catch(() => {});
      check(await staysPending(pending), 'read returned though there is nothing');
      life.abort();
      await soon(
        pending.then(
          () => {},
          () => {},
        ),
        'read after an abort',
      );
      await life.end();
    }),

    play('says that it has ended, and reads again what it is told to', async (subject) => {
      if (!subject.finish) return;
      await subject.produce(lines);
      await subject.finish();
      const life = await begin(subject, undefined, 50);
      const first = await life.read(1);
      await life.read(lines.length - first.length);
      check((await soon(life.next(), 'read at the end')) === null, 'the input does not say that it has ended');
      life.rewind(life.firstEnd);
      checkEqual(await life.read(lines.length - first.length), lines.slice(first.length), 'records read again');
      await life.end();
    }),

    play('stop is legal before start, and twice', async (subject) => {
      const context = fakeInputContext(subject.options);
      const input = subject.create(context);
      await soon(input.stop(), 'stop before start');
      await soon(input.stop(), 'the second stop');
    }),

    play('keeps no memory', async (subject) => {
      await subject.produce(lines);
      const life = await begin(subject);
      await life.read(lines.length);
      life.abort();
      await life.end();
      check(life.context.buffers.used === 0, `${life.context.buffers.used} bytes were not given back`);
    }),
  ];
}

async function beginLife(
  subject: InputSubject,
  soon: Soon,
  sources: MemorySources | undefined,
  maxRecords: number | undefined,
): Promise<Life> {
  sources?.restart();
  const context = fakeInputContext({
    ...subject.options,
    firstStart: sources === undefined,
    ...(sources && { sources }),
    ...(maxRecords && { maxRecords }),
  });
  const life = new Life(subject.create(context), context, soon);
  await soon(life.input.start(life.signal), 'start');
  return life;
}

/** One life of an input, played by the rules of the engine. */
class Life {
  readonly input: Input;
  readonly context: FakeInputContext;
  readonly records: string[] = [];
  source: Source | undefined;
  firstEnd = 0;
  readonly #controller = new AbortController();
  readonly #soon: Soon;
  #position: number | undefined;
  /** A batch that was in flight when its source was rewound may still come. */
  #rewound = false;

  constructor(input: Input, context: FakeInputContext, soon: Soon) {
    this.input = input;
    this.context = context;
    this.#soon = soon;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  next(): Promise<Batch | null> {
    return this.input.read(this.signal);
  }

  /** Reads until at least so many records have come, and returns them. */
  async read(count: number): Promise<string[]> {
    const before = this.records.length;
    while (this.records.length < before + count)
      this.take(await this.#soon(this.next(), `read (${this.records.length} records so far)`));
    return this.records.slice(before);
  }

  take(batch: Batch | null): void {
    check(batch !== null, 'the input says that it has ended');
    const { source, start, end } = batch;
    this.source = source;
    this.#position ??= source.position;
    if (start !== this.#position) {
      batch.chunk.release();
      check(this.#rewound, `a batch begins at ${start}, where ${this.#position} comes next`);
      this.input.rewind(source, this.#position);
      return;
    }
    this.#rewound = false;
    check(end >= start, `a batch ends at ${end}, before its start ${start}`);
    for (const record of batch) {
      check(
        record.offset >= start && record.offset < end,
        `record at ${record.offset} outside of its batch ${start}-${end}`,
      );
      this.records.push(record.text);
    }
    this.#position = end;
    this.firstEnd ||= end;
    batch.chunk.release();
  }

  /** All that was read has settled. */
  settle(): void {
    this.context.sources.settle(this.source!, this.#position!);
  }

  rewind(position: number): void {
    this.#position = position;
    this.#rewound = true;
    this.input.rewind(this.source!, position);
  }

  abort(): void {
    this.#controller.abort(new Error('the test stops'));
  }

  async end(): Promise<void> {
    this.abort();
    await this.#soon(this.input.stop(), 'stop');
  }
}
