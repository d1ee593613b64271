import type { Batch, NodeHandle, PipelineHandle, Source } from '@logcatch/plugin-api';
import type { Shown } from './shown.ts';
import { attributesOf } from './stage.ts';

interface Traced {
  readonly shown: Shown;
  /** The last component that it left, and by which exit. */
  last: { readonly id: string; readonly exit: string | undefined };
  arrived: boolean;
}

/** Follows the records of a pipeline from component to component. */
export class Trace {
  /** What left by each exit: `id.exit`. */
  readonly exits = new Map<string, Shown[]>();
  readonly #records = new Map<Source, Map<number, Traced>>();

  constructor({ hooks }: PipelineHandle) {
    hooks.linked.tap('pipeline test', (node) =>
      node.batch.tap('pipeline test', (batch, exit) => this.#see(node, batch, exit)),
    );
  }

  /** Records that reached no output, with the component they left last. */
  get lost(): Pick<Traced, 'shown' | 'last'>[] {
    return [...this.#records.values()].flatMap((records) => [...records.values()].filter(({ arrived }) => !arrived));
  }

  #see({ id, kind }: NodeHandle, batch: Batch, exit: string | undefined): void {
    const records = this.#records.get(batch.source) ?? new Map<number, Traced>();
    this.#records.set(batch.source, records);
    for (const record of batch) {
      const shown = (): Shown => ({ value: record.text, fields: {}, attributes: attributesOf(record) });
      const traced = records.get(record.offset);
      if (!traced) records.set(record.offset, { shown: shown(), last: { id, exit }, arrived: false });
      else if (kind === 'output') traced.arrived = true;
      else traced.last = { id, exit };
      if (exit !== undefined) this.exits.set(`${id}.${exit}`, [...(this.exits.get(`${id}.${exit}`) ?? []), shown()]);
    }
  }
}
