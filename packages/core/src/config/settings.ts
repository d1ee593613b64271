import path from 'node:path';
import { duration, size, z } from '@logcatch/plugin-api';
import type { Desired, RestartKey } from './desired.ts';
import type { PipelineDocument } from './document.ts';
import { httpSchema } from './http.ts';
import { interpolate } from './interpolate.ts';
import type { Names } from './names.ts';
import { readOptions } from './options.ts';
import { readPlugins } from './plugins.ts';
import type { KeyPath, Problems } from './problem.ts';
import { viewOf } from './schema-view.ts';
import type { MapValue } from './value.ts';

export type Settings = Omit<
  Desired,
  'inputs' | 'transforms' | 'outputs' | 'edges' | 'sources' | 'waiting' | 'waitingEdges' | 'warnings'
>;

/** The keys that hold components. */
export const sections = { input: 'inputs', transform: 'transforms', output: 'outputs' } as const;

/** Keys of the file that are read elsewhere; `tests` by `pipeline test` alone. */
const others = ['plugins', 'config', ...Object.values(sections), 'tests'];

/** Names become parts of paths, of metrics and of keys in etcd. */
const name = z
  .string()
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N} ._-]*$/u,
    'it must begin with a letter or digit, and hold only those, ". _ -" and spaces',
  )
  .max(100);

/** Less could not hold one buffer of the largest class. */
const leastBytes = 2 ** 20;

export const settingsSchema = z.strictObject({
  name: name.optional().describe('Of the pipeline. Default: the name of the file without its extension.'),
  agent_id: name.optional().describe('Tells this agent from all others. Default: one that is kept in data_dir.'),
  data_dir: z
    .string()
    .min(1)
    .optional()
    .describe('Where positions and other state are kept. Default: `.logcatch/NAME` beside the file.'),
  shutdown_timeout: duration()
    .prefault('5s')
    .describe('How long a stop waits for what is on its way. In milliseconds, or as 5s.'),
  max_bytes: size()
    .refine((bytes) => bytes >= leastBytes, 'it must be at least 1MiB')
    .prefault('32MiB')
    .describe('Memory for records that are on their way, in bytes or as 32MiB. When it is used up, nothing is read.'),
  http: httpSchema
    .optional()
    .describe('Where metrics, health and status are given out: a port, or an address with a port. Default: nowhere.'),
});

/** Whether a value at the top of the file is a secret. */
export const isSecretSetting = (path: KeyPath) => viewOf(settingsSchema).isSecret(path);

/** Reads the top-level keys of a document, and reports what is wrong with them. */
export function readSettings(
  document: PipelineDocument,
  root: MapValue,
  names: Names,
  problems: Problems,
): Settings | undefined {
  const plugins = readPlugins(root, problems);
  const own = new Map([...root.entries].filter(([key]) => !others.includes(key)));
  // Unknown keys are reported by the schema; resolving what they hold would only add to it.
  const known = new Set(Object.keys(settingsSchema.shape));
  const unknown = [...own].filter(([key]) => !known.has(key));
  const scalars: MapValue = { ...root, entries: new Map([...own].filter(([key]) => known.has(key))) };
  const resolved = interpolate(scalars, [], { names, problems, isSecret: isSecretSetting }) as MapValue;
  const value: MapValue = { ...root, entries: new Map([...resolved.entries, ...unknown]) };
  const options = readOptions(settingsSchema, value, {
    path: [],
    origin: root.origin,
    problems,
    alsoKnown: others,
    hint: '',
  });
  if (options === undefined) return undefined;
  const { parsed } = options;
  const given = parsed.name ?? defaultName(document, problems);
  return {
    file: document.file,
    name: given,
    ...(parsed.agent_id === undefined ? {} : { agentId: parsed.agent_id }),
    dataDir:
      parsed.data_dir === undefined
        ? defaultDataDir(document.file, given)
        : path.resolve(path.dirname(document.file), parsed.data_dir),
    plugins: plugins.map(({ specifier }) => specifier),
    shutdownTimeout: parsed.shutdown_timeout,
    maxBytes: parsed.max_bytes,
    ...(parsed.http && { http: parsed.http }),
    origins: originsOf(document),
  };
}

/** Where a pipeline keeps its state unless `data_dir` says otherwise. */
export function defaultDataDir(file: string, name: string): string {
  return path.join(path.dirname(file), '.logcatch', name);
}

function defaultName(document: PipelineDocument, problems: Problems): string {
  const base = path.parse(document.file).name;
  const result = name.safeParse(base);
  if (!result.success) {
    const message = `the file's name makes no name for the pipeline: ${result.error.issues[0]?.message}`;
    problems.add({
      code: 'LC_CONFIG_VALUE',
      path: ['name'],
      origin: document.originOf([]),
      message,
      hint: 'Set `name:`.',
    });
  }
  return base;
}

function originsOf(document: PipelineDocument): Settings['origins'] {
  const keys: readonly RestartKey[] = ['name', 'agent_id', 'data_dir', 'plugins'];
  return Object.fromEntries(keys.map((key) => [key, document.keyOriginOf([key])])) as Record<
    RestartKey,
    Settings['origins']['name']
  >;
}
