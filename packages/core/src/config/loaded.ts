import { type ConfigDocument, type LoadedConfig, LogcatchError, messageOf } from '@logcatch/plugin-api';
import { ConfigErrors } from './errors.ts';
import { Problems } from './problem.ts';
import { type ConfigValue, configValue, type MapEntry } from './value.ts';
import { parseYaml } from './yaml.ts';

/** Characters of one text; more is refused. */
const maxLength = 16 << 20;

/** What a source holds, as a value that knows its places. @throws ConfigErrors when it cannot be used */
export function parseLoaded(loaded: LoadedConfig, maxEntries: number): ConfigValue {
  const value = parsedOf(loaded);
  const entries = value.kind === 'list' ? value.items.length : value.kind === 'map' ? value.entries.size : 0;
  if (entries > maxEntries) {
    const hint = 'Raise `max_entries` of the source, if that many are meant.';
    throw bad(`it has ${entries} entries, more than max_entries (${maxEntries})`, value.origin.file, hint);
  }
  return value;
}

function parsedOf(loaded: LoadedConfig): ConfigValue {
  if ('document' in loaded) return parseText(loaded.document);
  if ('documents' in loaded) {
    const origin = { file: loaded.label };
    const errors: LogcatchError[] = [];
    const entries = new Map<string, MapEntry>();
    for (const [key, document] of Object.entries(loaded.documents)) {
      try {
        entries.set(key, { keyOrigin: { file: document.label }, value: parseText(document) });
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

function parseText({ text, format, label }: ConfigDocument): ConfigValue {
  if (text.length > maxLength) throw bad(`it has ${text.length} characters, more than ${maxLength}`, label);
  if (text.trim() === '') throw bad('it is empty', label);
  if (format === 'text') {
    return { kind: 'scalar', scalar: text.replace(/\r?\n$/, ''), origin: { file: label }, coercible: true };
  }
  if (format === 'json') {
    try {
      JSON.parse(text);
    } catch (error) {
      throw bad(`it is not JSON: ${messageOf(error)}`, label);
    }
  }
  // JSON is YAML too, and this parser knows the place of every value.
  const { value, places, errors } = parseYaml(label, text);
  if (errors.length > 0) throw new ConfigErrors(errors);
  const problems = new Problems();
  const parsed = configValue(value, places, problems);
  problems.check(label);
  return parsed;
}

function bad(message: string, file: string, hint?: string): ConfigErrors {
  return new ConfigErrors([new LogcatchError('LC_SOURCE_BAD', message, { origin: { file }, ...(hint && { hint }) })]);
}
