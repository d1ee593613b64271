import { list, z } from '@logcatch/plugin-api';
import type { Kind } from './desired.ts';
import type { KeyPath, Problems } from './problem.ts';
import { type ConfigValue, found, reportKind } from './value.ts';
import { quote } from './wording.ts';

/** The fields of a component that belong to the core; all others are the plugin's. `each` is read before them. */
export const coreFields: Readonly<Record<Kind, readonly string[]>> = {
  input: ['type', 'each', 'id', 'attributes'],
  transform: ['type', 'inputs'],
  output: ['type', 'inputs', 'required', 'queue'],
};

/** Validates the core fields of a kind, all but `type`, `each` and `attributes`. */
export const coreSchema = z.strictObject({
  id: z
    .union([z.string(), z.number()])
    .optional()
    .describe('With `each`: what tells its entries apart. Positions belong to it.'),
  inputs: list()
    .optional()
    .describe(
      'Ids of what it reads, or `id.exit`. Where no component says it, the file reads from top to bottom; if one does, every transform and output must.',
    ),
  required: z
    .boolean()
    .default(true)
    .describe(
      'Whether positions wait for it. If not, it drops records when it is full or fails, and never holds up others.',
    ),
  queue: z
    .strictObject({
      max_records: z.number().int().min(1).optional().describe('Records between inputs and this output, at most.'),
    })
    .optional()
    .describe('What may wait for it.'),
});

/** Ids of components. */
export const componentId = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;
/** Attributes that every record has; the user's own cannot replace them. */
export const builtIn = new Set(['path', 'name', 'input', 'host', 'offset']);

/** Reports an id that is not one. */
export function checkId(id: string, path: KeyPath, origin: ConfigValue['origin'], problems: Problems): boolean {
  if (componentId.test(id)) return true;
  const message = `${quote(id)} is no id: it takes letters, digits, "_" and "-", and begins with a letter or digit`;
  problems.add({ code: 'LC_CONFIG_VALUE', path, origin, message, hint: 'Rename the component.' });
  return false;
}

/** Why a plugin does not know a key that belongs to the core elsewhere. */
export function explainKey(kind: Kind, key: string): string | undefined {
  const owners = (['input', 'transform', 'output'] as const).filter((other) => coreFields[other].includes(key));
  return owners.length === 0 || owners.includes(kind)
    ? undefined
    : `${quote(key)} is not for ${kind}s, only for ${owners.map((owner) => `${owner}s`).join(' and ')}`;
}

/** Reads `attributes:`: a map of texts, numbers and booleans, as texts. */
export function readAttributes(
  value: ConfigValue | undefined,
  path: KeyPath,
  problems: Problems,
): Readonly<Record<string, string>> {
  if (value === undefined || value.kind === 'unresolved') return {};
  if (value.kind !== 'map') {
    reportKind(value, path, 'a map', problems);
    return {};
  }
  const attributes: [string, string][] = [];
  for (const [name, entry] of value.entries) {
    const at = [...path, name];
    const refuse = (message: string, hint: string) =>
      problems.add({ code: 'LC_CONFIG_VALUE', path: at, origin: entry.keyOrigin, message, hint });
    if (builtIn.has(name)) {
      refuse(`the attribute ${quote(name)} is built in`, 'Choose another name.');
    } else if (!/^[\w.-]+$/.test(name)) {
      refuse(`no template could name the attribute ${quote(name)}`, 'Use letters, digits, "_", "." and "-".');
    } else if (entry.value.kind === 'scalar' && entry.value.scalar !== null) {
      attributes.push([name, String(entry.value.scalar)]);
    } else if (entry.value.kind !== 'unresolved') {
      const message = `expected text, a number or a boolean, got ${found(entry.value)}`;
      problems.add({ code: 'LC_CONFIG_VALUE', path: at, origin: entry.value.origin, message, hint: '' });
    }
  }
  return Object.fromEntries(attributes);
}
