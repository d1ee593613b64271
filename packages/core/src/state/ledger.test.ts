import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Account, emptyAccount, Ledger, type Range, type StoredLedger, sum, type Tally, total } from './ledger.ts';

function balanced({ discovered, delivered, dropped, deadLettered, skipped, pending, abandoned }: Account): boolean {
  return discovered === delivered + total(dropped) + deadLettered + skipped + pending + total(abandoned);
}

type Fate = 'delivered' | 'blank' | 'mask' | 'dead' | 'skipped';
const settledFates: Fate[] = ['delivered', 'blank', 'mask', 'dead'];

interface OnItsWay {
  readonly start: number;
  readonly end: number;
  readonly fates: readonly Fate[];
}

/** The same as a ledger, byte by byte. */
class Model {
  readonly fates = new Map<number, Fate>();
  start: number;
  position: number;
  size: number;
  read: number;
  repeated = 0;

  constructor(start: number) {
    this.start = this.position = this.size = this.read = start;
  }

  copy(): Model {
    const copy = Object.assign(new Model(0), this, { fates: new Map(this.fates) });
    return copy;
  }

  count(fate: Fate): number {
    return [...this.fates.values()].filter((one) => one === fate).length;
  }

  get account(): Account {
    const dropped: Record<string, number> = {};
    for (const id of ['blank', 'mask'] as const) if (this.count(id) > 0) dropped[id] = this.count(id);
    return {
      discovered: this.size - this.start,
      delivered: this.count('delivered'),
      dropped,
      deadLettered: this.count('dead'),
      skipped: this.count('skipped'),
      pending: this.size - this.start - this.fates.size,
      abandoned: {},
      repeated: this.repeated,
    };
  }
}

function tallyOf(fates: readonly Fate[], start: number, ranges: readonly Range[]): Tally {
  const dropped: Record<string, number> = {};
  let deadLettered = 0;
  for (const [i, fate] of fates.entries()) {
    if (!ranges.some(([from, to]) => start + i >= from && start + i < to)) continue;
    if (fate === 'dead') deadLettered++;
    else if (fate !== 'delivered') dropped[fate] = (dropped[fate] ?? 0) + 1;
  }
  return { dropped, deadLettered };
}

/** A source and what is on its way, in the ledger and in the model. */
class World {
  ledger: Ledger;
  model: Model;
  onItsWay: OnItsWay[] = [];
  saved: { position: number; stored: string; model: Model };

  constructor(start: number) {
    this.ledger = new Ledger(start);
    this.model = new Model(start);
    this.saved = this.save();
  }

  get readPosition(): number {
    return this.onItsWay.at(-1)?.end ?? this.ledger.position;
  }

  save() {
    const { position, stored } = this.ledger;
    this.saved = { position, stored: JSON.stringify(stored), model: this.model.copy() };
    return this.saved;
  }

  kill(): void {
    const { position, stored, model } = this.saved;
    this.ledger = Ledger.from(position, JSON.parse(stored) as StoredLedger);
    this.model = model.copy();
    this.onItsWay = [];
  }

  grow(bytes: number): void {
    const size = this.model.size + bytes;
    expect(this.ledger.grow(size)).toBe(bytes > 0);
    this.model.size = size;
  }

  read(fates: readonly Fate[]): void {
    const { model } = this;
    const start = this.readPosition;
    const end = start + fates.length;
    this.ledger.readOn(start, end);
    model.repeated += Math.max(0, Math.min(end, model.read) - start);
    model.read = Math.max(model.read, end);
    model.size = Math.max(model.size, end);
    this.onItsWay.push({ start, end, fates });
  }

  settle(): void {
    const first = this.onItsWay.shift();
    if (!first) return;
    const { start, end, fates } = first;
    this.ledger.settle(end, tallyOf(fates, start, this.ledger.fresh(start, end)));
    for (const [i, fate] of fates.entries())
      if (!this.model.fates.has(start + i)) this.model.fates.set(start + i, fate);
    this.model.position = end;
  }

  seek(position: number): void {
    const { model } = this;
    this.ledger.seek(position);
    this.onItsWay = [];
    for (let at = model.position; at < position; at++) if (!model.fates.has(at)) model.fates.set(at, 'skipped');
    model.start = Math.min(model.start, position);
    model.size = Math.max(model.size, position);
    model.position = position;
  }
}

const steps = fc.oneof(
  fc.record({ do: fc.constant('grow' as const), bytes: fc.nat(30) }),
  fc.record({ do: fc.constant('read' as const), fates: fc.array(fc.constantFrom(...settledFates), { maxLength: 20 }) }),
  fc.record({ do: fc.constant('settle' as const) }),
  fc.record({ do: fc.constant('rewind' as const) }),
  fc.record({ do: fc.constant('seek' as const), position: fc.nat(100) }),
  fc.record({ do: fc.constant('save' as const) }),
  fc.record({ do: fc.constant('kill' as const) }),
);

describe('Ledger', () => {
  test('property: it balances, byte by byte, whatever happens, and across kills', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.array(steps, { maxLength: 60 }), (start, history) => {
        const world = new World(start);
        for (const step of history) {
          if (step.do === 'grow') world.grow(step.bytes);
          else if (step.do === 'read') world.read(step.fates);
          else if (step.do === 'settle') world.settle();
          else if (step.do === 'rewind') world.onItsWay = [];
          else if (step.do === 'seek') world.seek(step.position);
          else if (step.do === 'save') world.save();
          else world.kill();
          expect(world.ledger.account).toEqual(world.model.account);
          expect(world.ledger.position).toBe(world.model.position);
          expect(balanced(world.ledger.account)).toBe(true);
        }
        const closed = world.ledger.closed('truncated');
        expect([closed.pending, total(closed.abandoned)]).toEqual([0, world.model.account.pending]);
        expect(balanced(closed) && balanced(sum(closed, world.ledger.account))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test('what a source leaves behind is abandoned for the reason of its end', () => {
    const ledger = new Ledger(100);
    ledger.grow(150);
    ledger.readOn(100, 130);
    ledger.settle(130, { dropped: { blank: 5 }, deadLettered: 10 });
    expect(ledger.closed('gone')).toEqual({
      ...emptyAccount,
      discovered: 50,
      delivered: 15,
      dropped: { blank: 5 },
      deadLettered: 10,
      abandoned: { gone: 20 },
    });
    ledger.readOn(130, 150);
    ledger.settle(150, { dropped: {}, deadLettered: 0 });
    expect(ledger.closed('gone').abandoned).toEqual({});
  });

  test('a seek before the start discovers what lies there, once', () => {
    const ledger = new Ledger(50);
    ledger.readOn(50, 80);
    ledger.settle(80, { dropped: {}, deadLettered: 0 });
    ledger.seek(0);
    expect(ledger.account).toMatchObject({ discovered: 80, delivered: 30, pending: 50 });
    expect(ledger.fresh(0, 80)).toEqual([[0, 50]]);
    ledger.readOn(0, 80);
    ledger.settle(80, { dropped: { blank: 50 }, deadLettered: 0 });
    expect(ledger.account).toMatchObject({ discovered: 80, delivered: 30, dropped: { blank: 50 }, pending: 0 });
  });

  test('state of an earlier version begins at its position', () => {
    expect(Ledger.from(70, {}).account).toEqual(emptyAccount);
    expect(Ledger.from(70, {}).position).toBe(70);
  });
});
