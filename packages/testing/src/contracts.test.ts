import {
  type Batch,
  batchOf,
  type Input,
  type InputContext,
  LogcatchError,
  type Output,
  Rejected,
  type Source,
} from '@logcatch/plugin-api';
import { describe, expect, test } from 'vitest';
import { type InputSubject, inputContract } from './input-contract.ts';
import { type OutputSubject, outputContract } from './output-contract.ts';
import { type TransformSubject, transformContract } from './transform-contract.ts';

/** A correct input over an array, with a switch for each way to break it. */
type InputFault =
  | 'loses a record'
  | 'ignores the position'
  | 'ignores pause'
  | 'ignores rewind'
  | 'ignores abort'
  | 'leaks'
  | 'cannot stop twice';

class ArrayInput implements Input {
  readonly #lines: readonly string[];
  readonly #context: InputContext;
  readonly #fault: InputFault | undefined;
  #source: Source | undefined;
  #position = 0;
  #paused = false;
  #stops = 0;

  constructor(lines: readonly string[], context: InputContext, fault?: InputFault) {
    this.#lines = lines;
    this.#context = context;
    this.#fault = fault;
  }

  async start(): Promise<void> {
    const [stored] = this.#context.sources.known();
    const [source] = this.#context.sources.open([{ ...(stored && { key: stored.key }), path: '/array', meta: {} }]);
    this.#source = source!;
    this.#position = this.#fault === 'ignores the position' ? 0 : source!.position;
  }

  async read(signal: AbortSignal): Promise<Batch | null> {
    while (this.#position >= this.#lines.length || (this.#paused && this.#fault !== 'ignores pause')) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (this.#fault !== 'ignores abort') signal.throwIfAborted();
    }
    const start = this.#position;
    const end = Math.min(this.#lines.length, start + Math.min(100, this.#context.maxRecords));
    this.#position = end;
    const values = this.#lines.slice(start, this.#fault === 'loses a record' ? Math.max(start + 1, end - 1) : end);
    const { buffers } = this.#context;
    const batch = await batchOf(this.#source!, values, { start, buffers, signal });
    if (this.#fault === 'leaks') await buffers.acquire(1, signal);
    return batch;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  rewind(_source: Source, position: number): void {
    if (this.#fault !== 'ignores rewind') this.#position = position;
  }

  async stop(): Promise<void> {
    if (this.#fault === 'cannot stop twice' && this.#stops++ > 0) throw new Error('already stopped');
  }
}

function arrayInput(fault?: InputFault): () => Promise<InputSubject> {
  return async () => {
    const lines: string[] = [];
    return {
      create: (context) => new ArrayInput(lines, context, fault),
      produce: async (more) => void lines.push(...more),
    };
  };
}

type OutputFault =
  | 'loses a record'
  | 'keeps a view'
  | 'swallows failures'
  | 'refuses the wrong record'
  | 'fails instead of refusing'
  | 'leaves a lock'
  | 'never connects again'
  | 'cannot stop early';

interface Target {
  readonly written: Buffer[];
  failing: boolean;
  locked?: boolean;
}

class ArrayOutput implements Output {
  readonly #target: Target;
  readonly #fault: OutputFault | undefined;
  #started = false;
  /** What is lost comes again with another instance. */
  #connected = true;

  constructor(target: Target, fault?: OutputFault) {
    this.#target = target;
    this.#fault = fault;
  }

  async start(): Promise<void> {
    if (this.#target.locked) throw new Error('it is locked');
    if (this.#target.failing) throw new Error('the target is away');
    this.#started = true;
    if (this.#fault === 'leaves a lock') this.#target.locked = true;
  }

  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#target.failing) this.#connected = false;
    if (!this.#connected) {
      if (this.#fault === 'swallows failures') return;
      if (this.#fault === 'never connects again') throw new LogcatchError('LC_OUTPUT_FAILED', 'not connected');
      throw new Error('the target is away');
    }
    const refused = [...batch].filter(({ text }) => text === 'bad').map(({ index }) => index);
    if (refused.length > 0 && this.#fault === 'fails instead of refusing') throw new Error('bad record');
    for (const { index, bytes } of batch) {
      if (refused.includes(index) || (this.#fault === 'loses a record' && index === 2)) continue;
      this.#target.written.push(this.#fault === 'keeps a view' ? bytes : Buffer.from(bytes));
    }
    const shift = this.#fault === 'refuses the wrong record' ? 1 : 0;
    const reason = new LogcatchError('LC_RECORD_REFUSED', 'it is bad');
    if (refused.length > 0) throw new Rejected(refused.map((index) => ({ index: index + shift, reason })));
  }

  async stop(): Promise<void> {
    if (this.#fault === 'cannot stop early' && !this.#started) throw new Error('not started');
  }
}

function arrayOutput(fault?: OutputFault): () => Promise<OutputSubject> {
  return async () => {
    const target: Target = { written: [], failing: false };
    return {
      create: () => new ArrayOutput(target, fault),
      written: async () => target.written.map((bytes) => bytes.toString()),
      fail: async () => {
        target.failing = true;
      },
      heal: async () => {
        target.failing = false;
      },
      refused: 'bad',
    };
  };
}

/** Names of the cases that fail. */
async function failing(suite: ReturnType<typeof inputContract>): Promise<string[]> {
  const results = await Promise.all(
    suite.map(({ name, run }) =>
      run().then(
        () => [],
        () => [name],
      ),
    ),
  );
  return results.flat();
}

describe('inputContract', () => {
  for (const { name, run } of inputContract(arrayInput())) test(`a correct input: ${name}`, run);

  const faults: Record<InputFault, string> = {
    'loses a record': 'reads every record, in order, and positions follow each other',
    'ignores the position': 'goes on from what has settled after a restart, and loses nothing',
    'ignores pause': 'honours pause and resume',
    'ignores rewind': 'goes back when it is told to',
    'ignores abort': 'a pending read ends when its signal aborts',
    leaks: 'keeps no memory',
    'cannot stop twice': 'stop is legal before start, and twice',
  };
  for (const [fault, promise] of Object.entries(faults)) {
    test(`shows an input that ${fault}`, async () => {
      const suite = inputContract(arrayInput(fault as InputFault), { deadline: 500 }).filter(
        ({ name }) => name === promise,
      );
      expect(await failing(suite)).toEqual([promise]);
    });
  }
});

describe('outputContract', () => {
  for (const { name, run } of outputContract(arrayOutput())) test(`a correct output: ${name}`, run);

  const faults: Record<OutputFault, string> = {
    'loses a record': 'a write that resolves has written every record, in order',
    'keeps a view': 'keeps no view of a batch after its write is done',
    'swallows failures': 'answers for every record through failures',
    'refuses the wrong record': 'refuses what can never be written, by its index, and writes the rest',
    'fails instead of refusing': 'refuses what can never be written, by its index, and writes the rest',
    'leaves a lock': 'another instance goes on where one has stopped',
    'never connects again': 'answers for every record through failures',
    'cannot stop early': 'stop is legal before start, and twice',
  };
  for (const [fault, promise] of Object.entries(faults)) {
    test(`shows an output that ${fault}`, async () => {
      const suite = outputContract(arrayOutput(fault as OutputFault), { deadline: 500 }).filter(
        ({ name }) => name === promise,
      );
      expect(await failing(suite)).toEqual([promise]);
    });
  }
});

const transformFaults = [
  'reorders',
  'changes the batch',
  'makes records of nothing',
  'leaves by no exit',
  'cannot stop early',
] as const;
type TransformFault = (typeof transformFaults)[number];

function upperCase(fault?: TransformFault): () => TransformSubject {
  return () => {
    let started = false;
    let earlier: Batch | undefined;
    return {
      exits: ['upper', 'rest'],
      create: () => ({
        start: async () => {
          started = true;
        },
        apply: (batch) => {
          if (fault === 'changes the batch') batch.buffer.fill(65, batch.starts[0], batch.ends[batch.count - 1]);
          if (fault === 'leaves by no exit') return batch;
          if (fault === 'makes records of nothing') batch = batch.count > 0 ? batch : earlier!;
          earlier = batch;
          const upper = batch.mapText((text) => text.toUpperCase());
          const order = Uint32Array.from({ length: batch.count }, (_, i) => i).reverse();
          return { upper: fault === 'reorders' ? upper.select(order) : upper };
        },
        stop: async () => {
          if (fault === 'cannot stop early' && !started) throw new Error('not started');
        },
      }),
    };
  };
}

describe('transformContract', () => {
  for (const { name, run } of transformContract(upperCase())) test(`a correct transform: ${name}`, run);

  const expected: Record<TransformFault, string> = {
    reorders: 'what leaves by one exit keeps its order, its position and its source',
    'changes the batch': 'the batch that came stays as it is, since others have it too',
    'makes records of nothing': 'takes a batch without records, and records that are no text',
    'leaves by no exit': 'what leaves by one exit keeps its order, its position and its source',
    'cannot stop early': 'stop is legal before start, and twice',
  };
  for (const fault of transformFaults) {
    test(`shows a transform that ${fault}`, async () => {
      expect(await failing(transformContract(upperCase(fault)))).toContain(expected[fault]);
    });
  }
});
