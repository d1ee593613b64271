import { type ConfigDocument, type LoadedConfig, LogcatchError, messageOf, type Origin } from '@logcatch/plugin-api';
import { ConfigErrors } from './errors.ts';
import { Problems } from './problem.ts';
import { type ConfigValue, configValue, type MapEntry } from './value.ts';
import { parseYaml } from './yaml.ts';

/** Characters of all texts; more is refused. A remote one is a stranger's, and parsing it holds up everything else. */
const maxLength = { local: 16 << 20, remote: 2 << 20 };

/** What decides whether a value is taken. */
export interface LoadLimits {
  readonly maxEntries: number;
  readonly definition: { readonly remote?: boolean };
}

/** What a source holds, as a value that knows its places. @throws ConfigErrors when it cannot be used */
export function parseLoaded(loaded: LoadedConfig, { maxEntries, definition }: LoadLimits): ConfigValue {
  checkLength(loaded, definition.remote ? maxLength.remote : maxLength.local);
  const check = (count: number, file: string) => {
    if (count <= maxEntries) return;
    const hint = 'Raise `max_entries` of the source, if that many are meant.';
    throw bad(`it has ${count} entries, more than max_entries (${maxEntries})`, file, hint);
  };
  if ('documents' in loaded) check(Object.keys(loaded.documents).length, loaded.label);
  const value = parsedOf(loaded, check);
  check(value.kind === 'list' ? value.items.length : value.kind === 'map' ? value.entries.size : 0, value.origin.file);
  return value;
}

type Check = (count: number, file: string) => void;

function checkLength(loaded: LoadedConfig, most: number): void {
  const documents =
    'document' in loaded ? [loaded.document] : 'documents' in loaded ? Object.values(loaded.documents) : [];
  const length = documents.reduce((sum, { text }) => sum + text.length, 0);
  if (length > most) throw bad(`it has ${length} characters, more than ${most}`, documents[0]!.label);
}

function parsedOf(loaded: LoadedConfig, check: Check): ConfigValue {
  if ('document' in loaded) return parseText(loaded.document, check);
  if ('documents' in loaded) {
    const origin = { file: loaded.label };
    const errors: LogcatchError[] = [];
    const entries = new Map<string, MapEntry>();
    for (const [key, document] of Object.entries(loaded.documents)) {
      try {
        entries.set(key, { keyOrigin: { file: document.label }, value: parseText(document, () => {}) });
      } catch (error) {
        if (!(error instanceof ConfigErrors)) throw error;
        errors.push(...error.errors);
      }
    }
    if (errors.length > 0) throw new ConfigErrors(errors);
    return { kind: 'map', origin, entries };
  }
  const { originOf } = loaded;
  const problems = new Problems();
  const value = configValue(loaded.texts, { originOf, keyOriginOf: originOf }, problems);
  problems.check(originOf([]).file);
  return coercible(value);
}

/** Texts that know no types become what the option takes. */
function coercible(value: ConfigValue): ConfigValue {
  if (value.kind === 'scalar') return { ...value, coercible: true };
  if (value.kind === 'list') return { ...value, items: value.items.map(coercible) };
  if (value.kind === 'unresolved') return value;
  const entries = [...value.entries].map(([key, entry]): [string, MapEntry] => [
    key,
    { ...entry, value: coercible(entry.value) },
  ]);
  return { ...value, entries: new Map(entries) };
}

function parseText({ text, format, label }: ConfigDocument, check: Check): ConfigValue {
  if (text.trim() === '') throw bad('it is empty', label);
  if (format === 'text') {
    return { kind: 'scalar', scalar: text.replace(/\r?\n$/, ''), origin: { file: label }, coercible: true };
  }
  if (format === 'json') check(entriesOfJson(text, label), label);
  // JSON is YAML too, and this parser knows the place of every value.
  const { value, places, errors } = parseYaml(label, text);
  if (errors.length > 0) throw new ConfigErrors(errors);
  const problems = new Problems();
  const parsed = configValue(value, places, problems);
  problems.check(label);
  return parsed;
}

/** Number of entries, before places are looked for: that costs much more. */
function entriesOfJson(text: string, label: string): number {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
  } catch (error) {
    // The message quotes the text, which may hold secrets: only the place is taken from it.
    const at = /at position (\d+)/.exec(messageOf(error))?.[1];
    const before = text.slice(0, Number(at ?? 0)).split('\n');
    // It does not always tell the place, but what is no YAML either has one.
    const place =
      at === undefined
        ? parseYaml(label, text).errors[0]?.origin
        : { line: before.length, column: before.at(-1)!.length + 1 };
    const hint = 'Names and texts stand in double quotes, and after the last entry comes no comma.';
    throw bad('it is not JSON', { ...place, file: label }, place ? undefined : hint);
  }
}

function bad(message: string, at: string | Origin, hint?: string): ConfigErrors {
  const origin = typeof at === 'string' ? { file: at } : at;
  return new ConfigErrors([new LogcatchError('LC_SOURCE_BAD', message, { origin, ...(hint && { hint }) })]);
}
