import type { Edge } from '@logcatch/plugin-api';

/** The edges of a pipeline, by the component they leave. */
export class Graph {
  readonly #outgoing: ReadonlyMap<string, readonly Edge[]>;
  readonly #reachable = new Map<string, ReadonlySet<string>>();

  constructor(edges: readonly Edge[]) {
    this.#outgoing = Map.groupBy(edges, ({ from }) => from);
  }

  from(id: string): readonly Edge[] {
    return this.#outgoing.get(id) ?? [];
  }

  /** Every component behind this one. There are no cycles. */
  behind(id: string): ReadonlySet<string> {
    const known = this.#reachable.get(id);
    if (known) return known;
    const found = new Set(this.from(id).flatMap(({ to }) => [to, ...this.behind(to)]));
    this.#reachable.set(id, found);
    return found;
  }
}
