import { type AnyDefinition, type Components, LogcatchError } from '@logcatch/plugin-api';

export type AnyKind = AnyDefinition['kind'];
type Of<K extends AnyKind> = Extract<AnyDefinition, { kind: K }>;

/** The component types of one engine. */
export class Registry implements Components {
  readonly #definitions = new Map<string, AnyDefinition>();

  add(definition: AnyDefinition): void {
    const { kind, type } = definition;
    const known = this.get(kind, type);
    if (known === definition) return;
    if (known) throw new LogcatchError('LC_PLUGIN_DUPLICATE', `two plugins offer the ${kind} type "${type}"`);
    this.#definitions.set(`${kind} ${type}`, definition);
  }

  get<K extends AnyKind>(kind: K, type: string): Of<K> | undefined {
    return this.#definitions.get(`${kind} ${type}`) as Of<K> | undefined;
  }

  get all(): readonly AnyDefinition[] {
    return [...this.#definitions.values()];
  }
}
