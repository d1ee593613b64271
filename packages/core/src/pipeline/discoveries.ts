import type { Discovery, PipelineHooks } from '@logcatch/plugin-api';

/** How often what has happened to the sources of an input, since the start. */
export type DiscoveryCounts = Readonly<Record<Discovery['event'], number>>;

const none: DiscoveryCounts = { found: 0, resumed: 0, renamed: 0, truncated: 0, replaced: 0, gone: 0 };

/** Counts what inputs decide of their sources. An input that is rebuilt goes on counting. */
export class Discoveries {
  readonly #byInput = new Map<string, DiscoveryCounts>();

  constructor({ discovered }: Pick<PipelineHooks, 'discovered'>) {
    discovered.tap('discoveries', ({ input, event }) => {
      const counts = this.of(input);
      this.#byInput.set(input, { ...counts, [event]: counts[event] + 1 });
    });
  }

  of(input: string): DiscoveryCounts {
    return this.#byInput.get(input) ?? none;
  }
}
