import { type Applied, Batch, type Transform, type TransformContext } from '@logcatch/plugin-api';
import { type ContractCase, type ContractOptions, check, checkEqual, within } from './contract.ts';
import { type FakeOptions, fakeTransformContext } from './fakes.ts';
import { memoryBatch } from './memory-batch.ts';

/** A transform under test. */
export interface TransformSubject {
  readonly options?: FakeOptions;
  create(context: TransformContext): Transform;
  /** Names of its exits, where it has several. */
  readonly exits?: readonly string[];
  /** Records that it does something to, besides those that the suite has of its own. */
  readonly records?: readonly string[];
}

const shapes = ['', ' ', 'x', 'ä€😀', '{"a":1}', 'a=1 b="2"', 'x'.repeat(100_000), '\u0000', '{', '"', 'last'];

/** What every transform promises. `make` is called once for each case. */
export function transformContract(make: () => TransformSubject, options: ContractOptions = {}): ContractCase[] {
  const soon = within(options);
  const play = (name: string, run: (subject: TransformSubject, apply: Apply) => Promise<void>): ContractCase => ({
    name,
    run: async () => {
      const subject = make();
      const transform = subject.create(fakeTransformContext(subject.options));
      await soon(Promise.resolve(transform.start?.(new AbortController().signal)), 'start');
      const apply: Apply = async (batch) => {
        return byExit(await soon(Promise.resolve(transform.apply(batch)), 'apply'), subject.exits);
      };
      await run(subject, apply);
      await soon(Promise.resolve(transform.stop?.()), 'stop');
    },
  });
  const batchFor = ({ records = [] }: TransformSubject, extra: readonly Uint8Array[] = []) =>
    memoryBatch([...shapes, ...records, ...extra, ...records]);
  return [
    play('what leaves by one exit keeps its order, its position and its source', async (subject, apply) => {
      const batch = await batchFor(subject);
      for (const batches of (await apply(batch)).values()) {
        let last = -1;
        for (const left of batches) {
          check(left.source === batch.source, 'a batch of another source');
          checkEqual([left.start, left.end], [batch.start, batch.end], 'start and end of a batch');
          for (const { offset } of left) {
            check(offset >= last, `a record of position ${offset} comes after one of ${last}`);
            check(offset < batch.count, `no record came that has the position ${offset}`);
            last = offset;
          }
        }
      }
    }),

    play('the batch that came stays as it is, since others have it too', async (subject, apply) => {
      const batch = await batchFor(subject, [Uint8Array.of(0xff, 0xc3, 0x28)]);
      const before = [...batch].map(({ bytes }) => bytes.toString('latin1'));
      const attributes = JSON.stringify(batch.attributes);
      await apply(batch);
      checkEqual(
        [...batch].map(({ bytes }) => bytes.toString('latin1')),
        before,
        'records that came',
      );
      check(JSON.stringify(batch.attributes) === attributes, 'the attributes of the source were changed');
    }),

    play('takes a batch without records, and records that are no text', async (_subject, apply) => {
      const none = [...(await apply(await memoryBatch([]))).values()].flat();
      check(
        none.every(({ count }) => count === 0),
        'records were made of nothing',
      );
      await apply(await memoryBatch([Uint8Array.of(0xff, 0xfe, 0), Uint8Array.of(0x80)]));
    }),

    {
      name: 'stop is legal before start, and twice',
      run: async () => {
        const subject = make();
        const transform = subject.create(fakeTransformContext(subject.options));
        await soon(Promise.resolve(transform.stop?.()), 'stop before start');
        await soon(Promise.resolve(transform.stop?.()), 'the second stop');
      },
    },
  ];
}

type Apply = (batch: Batch) => Promise<ReadonlyMap<string | undefined, readonly Batch[]>>;

function byExit(applied: Applied, exits: readonly string[] | undefined): Map<string | undefined, readonly Batch[]> {
  const listed = (given: Batch | readonly Batch[]) => (given instanceof Batch ? [given] : given);
  if (applied === null) return new Map();
  if (applied instanceof Batch || Array.isArray(applied)) {
    check(exits === undefined, 'a batch left by no exit');
    return new Map([[undefined, listed(applied as Batch | readonly Batch[])]]);
  }
  const leaving = Object.entries(applied as Record<string, Batch | readonly Batch[]>);
  for (const [exit] of leaving) check(exits?.includes(exit) === true, `a batch left by ${exit}, which is no exit`);
  return new Map(leaving.map(([exit, given]) => [exit, listed(given)]));
}
