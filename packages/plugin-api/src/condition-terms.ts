import type { Batch } from './batch.ts';

/** For a record of the batch it was bound to, by its index; a plain answer holds for all of them. */
export type Test = boolean | ((index: number) => boolean);
export type Bind = (batch: Batch) => Test;

export type Literal = string | number;

/** What can be compared. */
export interface Value {
  /** The record's own bytes. */
  readonly message?: true;
  readonly literal?: Literal;
  readonly number: boolean;
  /** Whether it is one value for the whole batch. */
  constant(batch: Batch): boolean;
  of(batch: Batch, index: number): Literal | undefined;
}

export const message: Value = {
  message: true,
  number: false,
  constant: () => false,
  of: (batch, index) => batch.text(index),
};

export function attribute(name: string): Value {
  return {
    number: false,
    constant: (batch) => !batch.varies(name),
    of: (batch, index) => batch.attribute(name, index),
  };
}

export function literal(value: Literal): Value {
  return { literal: value, number: typeof value === 'number', constant: () => true, of: () => value };
}

/** Bytes of the message, characters of an attribute. */
export function sizeOf(value: Value): Value {
  const of = (batch: Batch, index: number) =>
    value.message ? batch.ends[index]! - batch.starts[index]! : (value.of(batch, index) as string | undefined)?.length;
  return { number: true, constant: value.constant, of };
}

export function has(value: Value): Bind {
  return onValues([value], (batch, index) => value.of(batch, index) !== undefined);
}

const orders: Record<string, (a: Literal, b: Literal) => boolean> = {
  '==': (a, b) => a === b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

export function compare(left: Value, operator: string, right: Value): Bind {
  if (operator === '!=') return not(compare(left, '==', right));
  if (operator === '==' && left.message && typeof right.literal === 'string') {
    const whole = Buffer.from(right.literal);
    return onBytes((buffer, start, end) => end - start === whole.length && holdsAt(buffer, start, whole));
  }
  const holds = orders[operator]!;
  const numbers = left.number || right.number;
  return onValues([left, right], (batch, index) => {
    const [a, b] = [left.of(batch, index), right.of(batch, index)];
    if (a === undefined || b === undefined) return false;
    return numbers ? holds(toNumber(a), toNumber(b)) : holds(a, b);
  });
}

export function among(value: Value, choices: readonly Literal[]): Bind {
  return combined(
    choices.map((choice) => compare(value, '==', literal(choice))),
    true,
  );
}

const methods: Record<string, (text: string, part: string) => boolean> = {
  contains: (text, part) => text.includes(part),
  startsWith: (text, part) => text.startsWith(part),
  endsWith: (text, part) => text.endsWith(part),
};
export const methodNames = [...Object.keys(methods), 'matches'];

export function call(value: Value, method: string, part: string): Bind {
  if (value.message) {
    const bytes = Buffer.from(part);
    if (method === 'contains') return contains(bytes);
    return onBytes((buffer, start, end) => {
      const at = method === 'startsWith' ? start : end - bytes.length;
      return bytes.length <= end - start && holdsAt(buffer, at, bytes);
    });
  }
  return onText(value, (text) => methods[method]!(text, part));
}

export function matches(value: Value, pattern: RegExp): Bind {
  return onText(value, (text) => pattern.test(text));
}

export function not(bind: Bind): Bind {
  return (batch) => {
    const test = bind(batch);
    return typeof test === 'boolean' ? !test : (index) => !test(index);
  };
}

/** And, or: one of them decides alone. @param decisive true for or, false for and */
export function combined(binds: readonly Bind[], decisive: boolean): Bind {
  if (binds.length === 1) return binds[0]!;
  return (batch) => {
    const tests: ((index: number) => boolean)[] = [];
    for (const bind of binds) {
      const test = bind(batch);
      if (test === decisive) return decisive;
      if (typeof test === 'function') tests.push(test);
    }
    if (tests.length < 2) return tests[0] ?? !decisive;
    return (index) => {
      for (const test of tests) if (test(index) === decisive) return decisive;
      return !decisive;
    };
  };
}

/** Looks once where none of the values differs within the batch. */
function onValues(values: readonly Value[], holds: (batch: Batch, index: number) => boolean): Bind {
  return (batch) => {
    if (batch.count > 0 && values.every((value) => value.constant(batch))) return holds(batch, 0);
    return (index) => holds(batch, index);
  };
}

function onText(value: Value, holds: (text: string) => boolean): Bind {
  return onValues([value], (batch, index) => {
    const text = value.of(batch, index);
    return text !== undefined && holds(String(text));
  });
}

function onBytes(holds: (buffer: Buffer, start: number, end: number) => boolean): Bind {
  return ({ buffer, starts, ends }) => {
    return (index) => holds(buffer, starts[index]!, ends[index]!);
  };
}

/** One search runs through the buffer: up to where it has found something, there is nothing. */
function contains(bytes: Buffer): Bind {
  return ({ buffer, starts, ends, count }) => {
    let last = 0;
    for (let i = 0; i < count; i++) last = Math.max(last, ends[i]!);
    const searched = buffer.subarray(0, last);
    let from = 0;
    let found = -1;
    return (index) => {
      const start = starts[index]!;
      if (start < from || start > found) {
        const at = searched.indexOf(bytes, start);
        found = at < 0 ? Number.POSITIVE_INFINITY : at;
        from = start;
      }
      return found + bytes.length <= ends[index]!;
    };
  };
}

function holdsAt(buffer: Buffer, at: number, bytes: Buffer): boolean {
  for (let i = 0; i < bytes.length; i++) if (buffer[at + i] !== bytes[i]) return false;
  return true;
}

/** NaN, which no comparison holds for, where it is none. */
function toNumber(value: Literal): number {
  return typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value);
}
