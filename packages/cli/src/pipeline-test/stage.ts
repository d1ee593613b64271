import {
  type AnyDefinition,
  type Attributes,
  type ConfigSourceDefinition,
  type InputDefinition,
  type LoadedConfig,
  LogcatchError,
  type LogRecord,
  type OutputDefinition,
  type Refused,
  Rejected,
  type TextTree,
} from '@logcatch/plugin-api';
import { GivenInput } from './given-input.ts';
import type { Shown } from './shown.ts';
import type { GivenValue } from './test-file.ts';

/** What stands in the place of all that would open something: inputs, outputs, and the configuration sources of a test. */
export class Stage {
  /** By the id of the input. */
  readonly inputs = new Map<string, GivenInput>();
  /** What each output would have written. */
  readonly written = new Map<string, Shown[]>();
  readonly #config: ReadonlyMap<string, GivenValue>;

  constructor(config: ReadonlyMap<string, GivenValue>) {
    this.#config = config;
  }

  standIn(definition: AnyDefinition): AnyDefinition {
    if (definition.kind === 'input') return this.#input(definition);
    if (definition.kind === 'output') return this.#output(definition);
    return definition.kind === 'config' ? this.#source(definition) : definition;
  }

  #input(definition: InputDefinition): InputDefinition {
    return {
      ...definition,
      create: (_options, context) => {
        const input = new GivenInput(context);
        this.inputs.set(context.id, input);
        return input;
      },
    };
  }

  #output({ transactional: _, ...definition }: OutputDefinition): OutputDefinition {
    return {
      ...definition,
      concurrency: 1,
      create: (options, { id }) => {
        const written: Shown[] = [];
        this.written.set(id, written);
        return {
          start: async () => {},
          write: async (batch) => {
            const refused: Refused[] = [];
            const shown: Shown[] = [];
            for (const record of batch) {
              try {
                const { value, ...fields } = definition.preview?.(options, record) ?? { value: record.text };
                shown.push({ value, fields, attributes: attributesOf(record) });
              } catch (error) {
                if (!(error instanceof LogcatchError)) throw error;
                refused.push({ index: record.index, reason: error });
              }
            }
            written.push(...shown);
            if (refused.length > 0) throw new Rejected(refused);
          },
          stop: async () => {},
        };
      },
    };
  }

  #source(definition: ConfigSourceDefinition): ConfigSourceDefinition {
    return {
      ...definition,
      create: (options, context) => {
        const given = this.#config.get(context.id);
        if (!given && !definition.remote) return definition.create(options, context);
        return {
          start: async () => {},
          load: async () => {
            if (!given) throw new LogcatchError('LC_SOURCE_ABSENT', 'the test gives it no value');
            return loadedOf(given, definition.untyped === true);
          },
          stop: async () => {},
        };
      },
    };
  }
}

/** A value as a source would have it. */
function loadedOf({ value, originOf }: GivenValue, untyped: boolean): LoadedConfig {
  if (untyped) return { texts: textsOf(value) as TextTree, originOf };
  const { file, line = 1, column = 1 } = originOf([]);
  // Where it stands in the test file, so that errors point there.
  const text = '\n'.repeat(line - 1) + ' '.repeat(column - 1) + JSON.stringify(value);
  return { document: { text, format: 'json', label: file } };
}

function textsOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(textsOf);
  if (typeof value !== 'object' || value === null) return String(value ?? '');
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, textsOf(one)]));
}

/** All attributes of a record, those of its source included. */
export function attributesOf({ batch, index }: LogRecord): Attributes {
  const own = [...batch.columns].flatMap((name) => {
    const value = batch.attribute(name, index);
    return value === undefined ? [] : [[name, value]];
  });
  return { ...batch.attributes, ...Object.fromEntries(own) };
}
