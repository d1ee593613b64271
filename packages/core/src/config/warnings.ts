import { dirname, resolve } from 'node:path';
import {
  type Edge,
  type InputDefinition,
  type OutputDefinition,
  Template,
  type TransformDefinition,
} from '@logcatch/plugin-api';
import type { Declared } from './component.ts';
import type { DesiredComponent } from './desired.ts';
import { valuesIn } from './option-values.ts';
import { type KeyPath, Problems } from './problem.ts';
import { sections } from './settings.ts';
import type { Places } from './value.ts';
import { quote } from './wording.ts';

/** Attributes that every record has. */
const builtIn = ['path', 'name', 'input', 'host', 'offset'];
/** What attributes may be, to see where files would lie. */
const examples = ['x', 'x.log'];

/** What is valid and probably not meant, as far as it can be known before anything runs. */
export function warningsOf(
  declared: readonly Declared[],
  edges: readonly Edge[],
  places: Places,
  file: string,
): Problems {
  const warnings = new Problems();
  const components = new Map(declared.flatMap((one) => one.components.map((component) => [component.id, component])));
  // What waits for a value is not known yet.
  if (declared.some(({ waits }) => waits.length > 0)) return warnings;
  const leading = Map.groupBy(edges, ({ to }) => to);
  const outputs = [...components.values()].filter(({ kind }) => kind === 'output');
  /** Whether something waits for what they read or make. */
  const awaited = new Map<DesiredComponent, boolean>();
  for (const output of outputs) {
    const before = inFrontOf(output, leading, components);
    for (const one of before) awaited.set(one, output.required || awaited.get(one) === true);
    const originOf = (path: KeyPath) => places.originOf([sections.output, output.id, ...path]);
    warnOfUnset(output, before, originOf, warnings);
    warnOfLoop(output, before, { file, originOf }, warnings);
  }
  warnOfLoss(declared, awaited, warnings);
  warnOfUnread(declared, edges, warnings);
  return warnings;
}

type OriginOf = Places['originOf'];

/** A template without default that needs what nothing sets: all records would go to the dead letters. */
function warnOfUnset(
  output: DesiredComponent,
  before: readonly DesiredComponent[],
  originOf: OriginOf,
  warnings: Problems,
): void {
  const inputs = before.filter(({ kind }) => kind === 'input');
  const sets = before.map(({ definition, options }) =>
    (definition as InputDefinition | TransformDefinition).sets?.(options),
  );
  if (inputs.length === 0 || sets.includes(undefined)) return;
  const there = new Set([...builtIn, ...inputs.flatMap((input) => Object.keys(input.attributes)), ...sets.flat()]);
  for (const { path, value } of valuesIn(output.options)) {
    const missing = value instanceof Template ? value.needed.filter((name) => !there.has(name)) : [];
    for (const name of new Set(missing)) {
      warnings.add({
        code: 'LC_CONFIG_NO_ATTRIBUTE',
        path: [sections.output, output.id, ...path],
        origin: originOf(path),
        message: `no input or transform in front of it sets ${quote(name)}: records without it go to the dead letters`,
        hint: `Set it under \`attributes:\` of the input, or give a default: \`{{ ${name}:-default }}\`.`,
      });
    }
  }
}

/**
 * Exits that nobody reads, of transforms of which others are read: without any reader that is an error. What leaves by
 * `unmatched` was asked for by nobody, so that may be left alone.
 */
function warnOfUnread(declared: readonly Declared[], edges: readonly Edge[], warnings: Problems): void {
  const read = new Set(edges.map(({ from, exit }) => `${from}.${exit}`));
  for (const { id, exits, path, origin } of declared) {
    for (const exit of exits === 'unknown' ? [] : exits) {
      const name = `${id}.${exit}`;
      if (read.has(name) || exit === 'unmatched') continue;
      warnings.add({
        code: 'LC_CONFIG_UNREAD_EXIT',
        path,
        origin,
        message: `nothing reads ${quote(name)}: records that leave by this exit are dropped`,
      });
    }
  }
}

/** Inputs that lead to outputs of which none is required: what is lost there is counted, and holds nobody up. */
function warnOfLoss(
  declared: readonly Declared[],
  awaited: ReadonlyMap<DesiredComponent, boolean>,
  warnings: Problems,
): void {
  for (const { kind, components, path, origin } of declared) {
    if (kind !== 'input' || !components.some((input) => awaited.get(input) === false)) continue;
    warnings.add({
      code: 'LC_CONFIG_NOT_REQUIRED',
      path,
      origin,
      message: 'no output that it leads to is required: what it reads while they fail is lost, and never read again',
    });
  }
}

/** Files that it writes to and an input in front of it reads. */
function warnOfLoop(
  output: DesiredComponent,
  before: readonly DesiredComponent[],
  { file, originOf }: { readonly file: string; readonly originOf: OriginOf },
  warnings: Problems,
): void {
  const template = (output.definition as OutputDefinition).writes?.(output.options);
  if (!template) return;
  const absolute = (path: string) => resolve(dirname(file), path);
  for (const { id, definition, options, remote } of before) {
    // Nothing bounds how long it takes to match what a stranger has written.
    if (remote) continue;
    const { attributesOf } = definition as InputDefinition;
    const read = examples
      .map((text) => absolute(template.filledWith(text)))
      .find((path) => attributesOf?.(options, path, absolute) !== undefined);
    if (read === undefined) continue;
    const option = [...valuesIn(output.options)].find(({ value }) => value === template)?.path ?? [];
    warnings.add({
      code: 'LC_CONFIG_LOOP',
      path: [sections.output, output.id, ...option],
      origin: originOf(option),
      message: `it writes to files such as ${read}, which input ${id} reads`,
    });
  }
}

/** Inputs and transforms whose records can come to a component. */
function inFrontOf(
  component: DesiredComponent,
  edges: ReadonlyMap<string, readonly Edge[]>,
  components: ReadonlyMap<string, DesiredComponent>,
): DesiredComponent[] {
  const found = new Set([component]);
  // What is added is visited too.
  for (const { id } of found) {
    for (const { from } of edges.get(id) ?? []) {
      const before = components.get(from);
      if (before) found.add(before);
    }
  }
  found.delete(component);
  return [...found];
}
