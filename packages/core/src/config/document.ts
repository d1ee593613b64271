import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { type ErrorDetails, LogcatchError, messageOf, type Origin } from '@logcatch/plugin-api';
import { ConfigErrors } from './errors.ts';
import type { KeyPath } from './problem.ts';
import type { Places } from './value.ts';
import { parseYaml } from './yaml.ts';

/** A pipeline file as it was read. */
export interface PipelineDocument extends Places {
  /** Absolute. */
  readonly file: string;
  /** Plain data, aliases and merge keys written out, `${}` not yet resolved. */
  readonly value: unknown;
  /** Place of the value at this path, else of its nearest ancestor. Its `file` is the path as the user gave it. */
  originOf(path: KeyPath): Origin;
  /** Place of the key itself, else of its nearest ancestor. */
  keyOriginOf(path: KeyPath): Origin;
}

/** A larger file is refused, in bytes. */
const maxBytes = 2 ** 20;

/**
 * Reads a pipeline file.
 * @param file absolute, or relative to the working directory; errors name it as given
 * @throws {ConfigErrors} LC_CONFIG_FILE, LC_CONFIG_SYNTAX (every error in the YAML), LC_CONFIG_VALUE (it is not a map)
 */
export async function readDocument(file: string): Promise<PipelineDocument> {
  return parseDocument(file, await readText(file));
}

/** Reads a pipeline file that is already in memory. See {@link readDocument}. */
export function parseDocument(file: string, text: string): PipelineDocument {
  const { value, places, errors } = parseYaml(file, text);
  if (errors.length > 0) throw new ConfigErrors(errors);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const what =
      value === null ? 'the file is empty' : `the file holds ${Array.isArray(value) ? 'a list' : 'one value'}`;
    throw new ConfigErrors([
      new LogcatchError('LC_CONFIG_VALUE', `${what}, expected a map with \`inputs:\` and \`outputs:\``, {
        origin: places.originOf([]),
        hint: 'See the README for a pipeline in 12 lines.',
      }),
    ]);
  }
  return { ...places, file: path.resolve(file), value };
}

/** The text of a pipeline file. @throws ConfigErrors */
export async function readText(file: string): Promise<string> {
  const refuse = (message: string, details: ErrorDetails = {}) =>
    new ConfigErrors([new LogcatchError('LC_CONFIG_FILE', message, { origin: { file }, ...details })]);
  let bytes: Buffer;
  try {
    const status = await stat(file);
    if (status.isDirectory()) throw refuse('it is a directory');
    if (!status.isFile()) throw refuse('it is not a file');
    if (status.size > maxBytes) {
      const hint = 'Say `each:` once for many inputs of a kind.';
      throw refuse(`it has ${status.size} bytes, more than the ${maxBytes} allowed`, { hint });
    }
    bytes = await readFile(file);
  } catch (error) {
    if (error instanceof ConfigErrors) throw error;
    throw refuse(reasonOf(error, file), { cause: error });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw refuse('it is not UTF-8 text', { cause: error, hint: 'Save it as UTF-8.' });
  }
}

function reasonOf(error: unknown, file: string): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT')
    return path.isAbsolute(file) ? 'there is no such file' : `there is no such file: ${path.resolve(file)}`;
  if (code === 'EACCES') return 'permission denied';
  return messageOf(error);
}
