import type { z } from 'zod';
import type { LogRecord } from './batch.ts';
import type { ConfigSource, ConfigSourceContext } from './config-source.ts';
import type { Examined, Finding } from './diagnosis.ts';
import type { EngineHandle } from './hooks.ts';
import type { Input, InputContext } from './input.ts';
import type { Output, OutputContext, Preview } from './output.ts';
import type { Attributes } from './source.ts';
import type { Template } from './template.ts';
import type { Transform, TransformContext } from './transform.ts';

/** A plugin is a value; whatever it adds, it adds by tapping hooks in `apply`. */
export interface Plugin {
  readonly name: string;
  apply(engine: EngineHandle): void;
}

/**
 * A login, and what decides who gets it. A remote source can say none of that: it could name a server of its own. Each option is
 * given by its keys, as `tls.ca`.
 */
export interface LoginOptions {
  /** Where this option is not given, nobody logs in. */
  readonly login: string;
  /** Who it is sent to. A remote source can say it where `authority` is given: only who that vouches for gets the login. */
  readonly servers: string;
  readonly authority: string;
  /** How it is protected on its way. */
  readonly protection: readonly string[];
}

interface Definition<Kind extends string, Instance, Context, Schema extends z.ZodType> {
  readonly kind: Kind;
  /** The `type:` of the pipeline file. */
  readonly type: string;
  /** One sentence for `pipeline plugins`. */
  readonly description: string;
  /** The options: one declaration gives validation, the TypeScript type, help and JSON Schema. Use `z.strictObject`. */
  readonly options: Schema;
  /** The options by which it logs in to servers, if it does: they limit what a remote source can say. */
  readonly login?: LoginOptions;
  /** What these options do, in a few words, for people: `topic app on kafka:9092`. Without secrets. */
  summarize?(options: z.output<Schema>): string;
  /**
   * Looks, for `pipeline doctor`, whether what these components need is there and will do, and says each thing as soon as it is
   * known. All components of the type at once: what they share is looked at once. It writes nothing anywhere, sends no record,
   * leaves nothing open, and says what it cannot tell as a warning instead of throwing. When the signal aborts, time is over:
   * what has been said until then counts.
   */
  diagnose?(components: readonly Examined<z.output<Schema>>[], signal: AbortSignal): AsyncIterable<Finding>;
  /** Makes an instance. Must not touch the outside: that is for `start`. */
  create(options: z.output<Schema>, context: Context): Instance;
}

export interface InputDefinition<Schema extends z.ZodType = z.ZodType>
  extends Definition<'input', Input, InputContext, Schema> {
  /** What it reads is there once, as standard input is: there can be only one in a pipeline, and the next process goes on nowhere. Default false. */
  readonly single?: boolean;
  /**
   * Attributes that it gives records besides the built-in ones and those of the pipeline file. Where this is left out, or
   * gives `undefined`, they are not known, and `check` says nothing about missing ones.
   */
  sets?(options: z.output<Schema>): readonly string[] | undefined;
  /**
   * What these options make of a path, for `check` and `pipeline test`: the attributes that its records would have besides the
   * user's, `undefined` where it would not be read. Without it that is not known.
   * @param path absolute
   * @param resolve makes a path of the options absolute
   */
  attributesOf?(options: z.output<Schema>, path: string, resolve: (path: string) => string): Attributes | undefined;
  /** The option that limits what the others may ask for, as `roots` does: a remote source cannot say it. */
  readonly limit?: string;
}

export interface TransformDefinition<Schema extends z.ZodType = z.ZodType>
  extends Definition<'transform', Transform, TransformContext, Schema> {
  /**
   * Names of its exits with these options, where it has several; others say `inputs: [id.exit]`. `check` warns of one that
   * nothing reads, but for `unmatched`: what no other exit takes.
   */
  exits?(options: z.output<Schema>): readonly string[];
  /** Attributes that it may give records: see {@link InputDefinition.sets}. */
  sets?(options: z.output<Schema>): readonly string[] | undefined;
}

export interface OutputDefinition<Schema extends z.ZodType = z.ZodType>
  extends Definition<'output', Output, OutputContext, Schema> {
  /** How many `write` calls may be pending at once. Default 1; `Infinity` leaves it to the byte budget. */
  readonly concurrency?: number;
  /** Whether these options ask for transactions: an instance has {@link Output.transactions} then. Such an output is the only required one. */
  transactional?(options: z.output<Schema>): boolean;
  /**
   * The option that says which file it writes to, where it writes to files, as it stands among the options: a remote source
   * cannot say it, and `check` warns where an input reads what it leads to.
   */
  writes?(options: z.output<Schema>): Template;
  /**
   * What would be written of a record, for `pipeline test`, which opens nothing. Without it that is its text.
   * @throws LogcatchError for a record that would be refused for good
   */
  preview?(options: z.output<Schema>, record: LogRecord): Preview;
}

export interface ConfigSourceDefinition<Schema extends z.ZodType = z.ZodType>
  extends Definition<'config', ConfigSource, ConfigSourceContext, Schema> {
  /** Its values come from elsewhere: they are untrusted input, and the last good ones are kept on disk. */
  readonly remote?: boolean;
  /** Its values are texts that know no types, as in an ini file; so are then those that `pipeline test` gives it. */
  readonly untyped?: boolean;
}

export type ComponentDefinition = InputDefinition | TransformDefinition | OutputDefinition;
/** Whatever a plugin can offer by a `type:`. */
export type AnyDefinition = ComponentDefinition | ConfigSourceDefinition;

/** A component definition that is also a plugin, offering itself. */
export type ComponentPlugin<D extends AnyDefinition = AnyDefinition> = Plugin & { readonly definition: D };

type Declared<D extends { kind: string }> = Omit<D, 'kind'>;

export function defineInput<Schema extends z.ZodType>(
  declared: Declared<InputDefinition<Schema>>,
): ComponentPlugin<InputDefinition<Schema>> {
  return component({ kind: 'input', ...declared });
}

export function defineTransform<Schema extends z.ZodType>(
  declared: Declared<TransformDefinition<Schema>>,
): ComponentPlugin<TransformDefinition<Schema>> {
  return component({ kind: 'transform', ...declared });
}

export function defineOutput<Schema extends z.ZodType>(
  declared: Declared<OutputDefinition<Schema>>,
): ComponentPlugin<OutputDefinition<Schema>> {
  return component({ kind: 'output', ...declared });
}

export function defineConfigSource<Schema extends z.ZodType>(
  declared: Declared<ConfigSourceDefinition<Schema>>,
): ComponentPlugin<ConfigSourceDefinition<Schema>> {
  return component({ kind: 'config', ...declared });
}

/** A plugin that adds no component: it observes or changes through hooks. */
export function definePlugin(plugin: Plugin): Plugin {
  return plugin;
}

function component<D extends AnyDefinition>(definition: D): ComponentPlugin<D> {
  return {
    name: definition.type,
    definition,
    apply(engine) {
      engine.hooks.components.tap(definition.type, (components) => components.add(definition));
    },
  };
}
