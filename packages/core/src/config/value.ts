import type { Origin } from '@logcatch/plugin-api';
import type { KeyPath, Problems } from './problem.ts';
import { describe } from './wording.ts';

export type Scalar = string | number | boolean | null;
export type JsonValue = Scalar | readonly JsonValue[] | { readonly [key: string]: JsonValue };

interface Placed {
  /** Where a person goes to change it. */
  readonly origin: Origin;
  /** The `${...}` it came through, for messages. */
  readonly via?: string;
}

export interface ScalarValue extends Placed {
  readonly kind: 'scalar';
  readonly scalar: Scalar;
  /** Text from a source that knows no types (env, ini): it becomes the number or boolean that its option takes. */
  readonly coercible: boolean;
}

export interface ListValue extends Placed {
  readonly kind: 'list';
  readonly items: readonly ConfigValue[];
}

export interface MapValue extends Placed {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, MapEntry>;
}

export interface MapEntry {
  readonly keyOrigin: Origin;
  readonly value: ConfigValue;
}

/** Stands where a `${...}` could not be resolved. That was reported; whatever else is wrong with it follows from that. */
export interface UnresolvedValue extends Placed {
  readonly kind: 'unresolved';
}

/** Configuration in which every value knows where it came from. */
export type ConfigValue = ScalarValue | ListValue | MapValue | UnresolvedValue;

/** Tells where the values of a document stand. */
export interface Places {
  /** Place of the value at this path, else of its nearest ancestor. */
  originOf(path: KeyPath): Origin;
  /** Place of the key itself, else of its nearest ancestor. */
  keyOriginOf(path: KeyPath): Origin;
}

/** Deeper is refused: no option is, and recursion must end. */
const maxDepth = 64;
/** More values, aliases written out, are refused. */
const maxValues = 500_000;

/** Plain data with its places. What is not JSON is reported, and left out. */
export function configValue(plain: unknown, places: Places, problems: Problems): ConfigValue {
  let count = 0;
  const visit = (value: unknown, path: KeyPath): ConfigValue => {
    const origin = places.originOf(path);
    const refuse = (message: string): UnresolvedValue => {
      problems.add({ code: 'LC_CONFIG_VALUE', path, origin, message, hint: '' });
      return { kind: 'unresolved', origin };
    };
    count += 1;
    if (count === maxValues) return refuse(`more than ${maxValues} values`);
    if (count > maxValues) return { kind: 'unresolved', origin };
    if (path.length > maxDepth) return refuse(`nested more than ${maxDepth} deep`);
    if (Array.isArray(value)) {
      return { kind: 'list', origin, items: value.map((item, index) => visit(item, [...path, index])) };
    }
    if (isPlainObject(value)) {
      const entries = new Map<string, MapEntry>();
      for (const [key, item] of Object.entries(value)) {
        const at = [...path, key];
        if (item !== undefined) entries.set(key, { keyOrigin: places.keyOriginOf(at), value: visit(item, at) });
      }
      return { kind: 'map', origin, entries };
    }
    if (value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) {
      return { kind: 'scalar', origin, scalar: value as Scalar, coercible: false };
    }
    return refuse(typeof value === 'number' ? `${value} is not a finite number` : `a ${typeof value} is not data`);
  };
  return visit(plain, []);
}

/** The data without its places: a fresh copy. What is unresolved becomes `null`. */
export function plainOf(value: ConfigValue): JsonValue {
  switch (value.kind) {
    case 'scalar':
      return value.scalar;
    case 'list':
      return value.items.map(plainOf);
    case 'map':
      // fromEntries defines properties, so that a key `__proto__` is a key like any other.
      return Object.fromEntries([...value.entries].map(([key, entry]) => [key, plainOf(entry.value)]));
    case 'unresolved':
      return null;
  }
}

/** Whether every `${}` in it could be resolved. */
export function isComplete(value: ConfigValue): boolean {
  if (value.kind === 'list') return value.items.every(isComplete);
  if (value.kind === 'map') return [...value.entries.values()].every((entry) => isComplete(entry.value));
  return value.kind !== 'unresolved';
}

/** The value at a path, or the last one on the way to it that is unresolved. */
export function valueAt(value: ConfigValue, path: KeyPath): ConfigValue | undefined {
  let at: ConfigValue | undefined = value;
  for (const segment of path) {
    if (at === undefined || at.kind === 'unresolved') return at;
    at = childOf(at, segment);
  }
  return at;
}

/** The place of a path, or of its nearest ancestor that is there; for a map's entry, the place of its key. */
export function keyOriginAt(value: ConfigValue, path: KeyPath): Origin {
  let at: ConfigValue = value;
  let origin = value.origin;
  for (const segment of path) {
    const child = childOf(at, segment);
    if (child === undefined) break;
    origin = (at.kind === 'map' ? at.entries.get(String(segment))?.keyOrigin : undefined) ?? child.origin;
    at = child;
  }
  return origin;
}

/** ` from ${env.SIZE}`, or nothing for a value that stands where it is used. */
export function through(value: ConfigValue | undefined): string {
  return value?.via === undefined ? '' : ` from ${value.via}`;
}

/** What a value is, and the `${...}` it came through: `"many" from ${env.SIZE}`. */
export function found(value: ConfigValue | undefined): string {
  return `${value?.kind === 'scalar' ? describe(value.scalar) : kindOf(value)}${through(value)}`;
}

/** `a list`, `an empty map` and so on, never the value itself. */
export function kindOf(value: ConfigValue | undefined): string {
  if (value?.kind === 'list') return value.items.length === 0 ? 'an empty list' : 'a list';
  if (value?.kind === 'map') return value.entries.size === 0 ? 'an empty map' : 'a map';
  if (value?.kind !== 'scalar' || value.scalar === null) return 'nothing';
  return typeof value.scalar === 'string' ? 'text' : `a ${typeof value.scalar}`;
}

/** Reports that something else was expected. */
export function reportKind(value: ConfigValue, path: KeyPath, expected: string, problems: Problems): void {
  if (value.kind === 'unresolved') return;
  const message = `expected ${expected}, got ${found(value)}`;
  problems.add({ code: 'LC_CONFIG_VALUE', path, origin: value.origin, message, hint: '' });
}

function childOf(value: ConfigValue, segment: string | number): ConfigValue | undefined {
  if (value.kind === 'map') return value.entries.get(String(segment))?.value;
  if (value.kind === 'list' && typeof segment === 'number') return value.items[segment];
  return undefined;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
