import { setTimeout as delay } from 'node:timers/promises';
import { type ConfigSource, type ConfigSourceContext, type LoadedConfig, LogcatchError } from '@logcatch/plugin-api';
import { type ContractCase, type ContractOptions, check, type Soon, within } from './contract.ts';
import { type FakeOptions, fakeConfigContext } from './fakes.ts';

/** A configuration source under test, and the place that it takes its values from. */
export interface ConfigSourceSubject {
  readonly options?: FakeOptions;
  create(context: ConfigSourceContext): ConfigSource;
  /** Makes it hold this word, in whatever form it takes. */
  put(word: string): Promise<void>;
  /** The word in what was loaded. */
  wordOf(loaded: LoadedConfig): unknown;
  /** Makes it hold nothing. Leave it out where that cannot be. */
  remove?(): Promise<void>;
  cleanup?(): Promise<void>;
}

/** Milliseconds between looks at whether something was told. */
const lookEvery = 10;
/** Milliseconds in which what must not be told would have been. */
const quiet = 500;

type Context = ReturnType<typeof fakeConfigContext>;

/** What every configuration source promises. `make` is called once for each case. */
export function configSourceContract(
  make: () => Promise<ConfigSourceSubject>,
  options: ContractOptions = {},
): ContractCase[] {
  const soon = within(options);
  const play = (name: string, run: (subject: ConfigSourceSubject, life: Life) => Promise<void>): ContractCase => ({
    name,
    run: async () => {
      const subject = await make();
      const life = new Life(subject, soon);
      try {
        await run(subject, life);
      } finally {
        await life.stop();
        await subject.cleanup?.();
      }
    },
  });
  return [
    play('load gives what it holds, as a whole and with its place', async (subject, life) => {
      await subject.put('one');
      await life.start();
      await life.holds('one');
      const loaded = await life.load();
      const labels =
        'document' in loaded
          ? [loaded.document.label]
          : 'documents' in loaded
            ? [loaded.label, ...Object.values(loaded.documents).map(({ label }) => label)]
            : [loaded.originOf([]).file];
      check(
        labels.every((label) => label !== ''),
        'what it holds has no label: errors could not say where it stands',
      );
    }),

    play('tells that something changed, and load gives what it holds then', async (subject, life) => {
      await subject.put('one');
      await life.start();
      await life.holds('one');
      for (const word of ['two', 'three']) {
        const before = life.context.changes;
        await subject.put(word);
        await life.told(before, `the change to ${word}`);
        await life.holds(word);
      }
    }),

    play(
      'says that it holds nothing, starts nevertheless, and tells when there is something',
      async (subject, life) => {
        if (!subject.remove) return;
        await subject.put('one');
        await subject.remove();
        await life.start();
        await life.absent();
        const before = life.context.changes;
        await subject.put('two');
        await life.told(before, 'that there is something');
        await life.holds('two');
        await subject.remove();
        await life.absent();
      },
    ),

    play('a load whose signal has aborted settles soon', async (subject, life) => {
      await subject.put('one');
      await life.start();
      const controller = new AbortController();
      const loading = Promise.resolve(life.source.load(controller.signal));
      controller.abort(new Error('not wanted'));
      await soon(loading.then(nothing, nothing), 'an aborted load');
      await life.holds('one');
    }),

    play('tells nothing any more when it has stopped', async (subject, life) => {
      await subject.put('one');
      await life.start();
      await life.holds('one');
      await life.stop();
      const { changes } = life.context;
      await subject.put('two');
      await delay(quiet);
      check(life.context.changes === changes, 'it told of a change after its stop');
    }),

    play('stop is legal before start, during start, and twice', async (_subject, life) => {
      await life.stop();
      await life.stop();
      const other = life.another();
      const starting = Promise.resolve(other.start(new AbortController().signal));
      await soon(other.stop(), 'stop during start');
      await soon(starting.then(nothing, nothing), 'the start that was stopped');
    }),
  ];
}

/** One life of a source, played by the rules of the engine. */
class Life {
  readonly context: Context;
  readonly source: ConfigSource;
  readonly #subject: ConfigSourceSubject;
  readonly #soon: Soon;

  constructor(subject: ConfigSourceSubject, soon: Soon) {
    this.#subject = subject;
    this.#soon = soon;
    this.context = fakeConfigContext(subject.options);
    this.source = subject.create(this.context);
  }

  another(): ConfigSource {
    return this.#subject.create(fakeConfigContext(this.#subject.options));
  }

  start(): Promise<void> {
    return this.#soon(Promise.resolve(this.source.start(new AbortController().signal)), 'start');
  }

  load(): Promise<LoadedConfig> {
    return this.#soon(Promise.resolve(this.source.load(new AbortController().signal)), 'load');
  }

  async holds(word: string): Promise<void> {
    const held = this.#subject.wordOf(await this.load());
    check(held === word, `load gives ${JSON.stringify(held)}, not ${JSON.stringify(word)}`);
  }

  async absent(): Promise<void> {
    const outcome = await this.load().catch((error: unknown) => error);
    const code = outcome instanceof LogcatchError ? outcome.code : undefined;
    check(
      code === 'LC_SOURCE_ABSENT',
      `load of nothing does not reject with LC_SOURCE_ABSENT but with ${String(outcome)}`,
    );
  }

  async told(before: number, what: string): Promise<void> {
    const controller = new AbortController();
    const changed = async () => {
      while (this.context.changes === before && !controller.signal.aborted) await delay(lookEvery);
    };
    await this.#soon(changed(), `to be told of ${what}`).finally(() => controller.abort());
  }

  async stop(): Promise<void> {
    await this.#soon(this.source.stop(), 'stop');
  }
}

function nothing(): void {}
