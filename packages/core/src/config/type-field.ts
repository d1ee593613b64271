import type { ComponentDefinition, Origin } from '@logcatch/plugin-api';
import type { Kind } from './desired.ts';
import { interpolate, type Scope } from './interpolate.ts';
import type { KeyPath } from './problem.ts';
import { sections } from './settings.ts';
import { type MapValue, reportKind } from './value.ts';
import { didYouMean, listed, quote } from './wording.ts';

/** The types that plugins offer. */
export interface Types {
  definitionOf(kind: Kind, type: string): ComponentDefinition | undefined;
  typesOf(kind: Kind): string[];
  /** Whether logcatch itself comes with it. */
  isBundled(kind: Kind, type: string): boolean;
}

/** A component of the file. */
export interface Component {
  readonly kind: Kind;
  readonly path: KeyPath;
  /** Its key. */
  readonly origin: Origin;
}

/** The `type:` of a component and its definition, none (and a report) where it names no type of this kind. */
export function readType(
  { kind, path, origin }: Component,
  body: MapValue,
  types: Types,
  scope: Scope,
): { readonly type: string; readonly definition: ComponentDefinition | undefined } {
  const { problems } = scope;
  const at = [...path, 'type'];
  const what = kind === 'transform' ? 'a transform' : `an ${kind}`;
  const offered = types.typesOf(kind).toSorted();
  const written = body.entries.get('type');
  if (written === undefined) {
    const message = `"type" is missing; it takes the type of ${what}`;
    problems.add({ code: 'LC_CONFIG_VALUE', path: at, origin, message, hint: listed('There are', offered) });
    return { type: '', definition: undefined };
  }
  const value = interpolate(written.value, at, scope);
  if (value.kind !== 'scalar' || typeof value.scalar !== 'string') {
    reportKind(value, at, `the type of ${what}`, problems);
    return { type: '', definition: undefined };
  }
  const type = value.scalar;
  const definition = types.definitionOf(kind, type);
  if (definition !== undefined) return { type, definition };
  const other = (['input', 'transform', 'output'] as const).find((one) => types.definitionOf(one, type));
  problems.add({
    code: 'LC_CONFIG_UNKNOWN_TYPE',
    path: at,
    origin: value.origin,
    message: other
      ? `${quote(type)} is a type of ${other}s, not of ${kind}s`
      : `no plugin offers ${what} of type ${quote(type)}${didYouMean(type, offered)}`,
    ...(other ? { hint: `Move it under \`${sections[other]}:\`.` } : {}),
  });
  return { type, definition };
}
