import { type ComponentDefinition, type Components, LogcatchError } from '@logcatch/plugin-api';

export type Kind = ComponentDefinition['kind'];

/** The component types of one engine. */
export class Registry implements Components {
  readonly #definitions = new Map<string, ComponentDefinition>();

  add(definition: ComponentDefinition): void {
    const { kind, type } = definition;
    const known = this.get(kind, type);
    if (known === definition) return;
    if (known) throw new LogcatchError('LC_PLUGIN_DUPLICATE', `two plugins offer the ${kind} type "${type}"`);
    this.#definitions.set(`${kind} ${type}`, definition);
  }

  get(kind: Kind, type: string): ComponentDefinition | undefined {
    return this.#definitions.get(`${kind} ${type}`);
  }

  get all(): readonly ComponentDefinition[] {
    return [...this.#definitions.values()];
  }
}
