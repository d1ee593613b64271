import { type AnyDefinition, type Components, LogcatchError } from '@logcatch/plugin-api';

export type AnyKind = AnyDefinition['kind'];
type Of<K extends AnyKind> = Extract<AnyDefinition, { kind: K }>;

/** The component types of one engine. */
export class Registry implements Components {
  readonly #isBundled: (kind: AnyKind, type: string) => boolean;
  readonly #standIn: (definition: AnyDefinition) => AnyDefinition;
  readonly #definitions = new Map<string, AnyDefinition>();

  /**
   * @param isBundled whether logcatch itself comes with such a type
   * @param standIn what is used in the place of a definition
   */
  constructor(
    isBundled: (kind: AnyKind, type: string) => boolean,
    standIn: (definition: AnyDefinition) => AnyDefinition,
  ) {
    this.#isBundled = isBundled;
    this.#standIn = standIn;
  }

  add(definition: AnyDefinition): void {
    checkDefinition(definition);
    const { kind, type } = definition;
    if (this.#isBundled(kind, type)) {
      throw new LogcatchError('LC_PLUGIN_DUPLICATE', `logcatch itself has the ${kind} type "${type}"`, {
        hint: 'Give yours another name.',
      });
    }
    if (this.get(kind, type))
      throw new LogcatchError('LC_PLUGIN_DUPLICATE', `two plugins offer the ${kind} type "${type}"`);
    this.addBundled(definition);
  }

  addBundled(definition: AnyDefinition): void {
    this.#definitions.set(`${definition.kind} ${definition.type}`, this.#standIn(definition));
  }

  get<K extends AnyKind>(kind: K, type: string): Of<K> | undefined {
    return this.#definitions.get(`${kind} ${type}`) as Of<K> | undefined;
  }

  get all(): readonly AnyDefinition[] {
    return [...this.#definitions.values()];
  }
}

/** What TypeScript would say, for those who write plugins without its help. @throws LC_PLUGIN_SHAPE */
function checkDefinition({ kind, type, options, create }: Partial<AnyDefinition>): void {
  const what = `the ${kind} "${type}"`;
  const refuse = (message: string, hint: string) => {
    throw new LogcatchError('LC_PLUGIN_SHAPE', message, { hint });
  };
  if (typeof type !== 'string' || type === '')
    refuse(`a ${kind} has no \`type\``, "Add `type: 'my-type'`: the name that pipeline files use.");
  if (typeof options?.safeParse !== 'function')
    refuse(`${what} has no \`options\``, 'Add `options: z.strictObject({ ... })`, with `z` from @logcatch/plugin-api.');
  if (typeof create !== 'function')
    refuse(`${what} has no \`create\``, 'Add `create(options, context) { return { ... } }`.');
}
