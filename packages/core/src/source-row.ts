import type { SourceMeta, StoredSource } from '@logcatch/plugin-api';
import { Ledger, type StoredLedger } from './ledger.ts';

/** What the store keeps of a source. */
export interface SourceRecord {
  readonly key: number;
  readonly component: string;
  readonly path: string;
  readonly position: number;
  /** {@link SourceMeta} as JSON. */
  readonly meta: string;
  /** {@link StoredLedger} as JSON. */
  readonly ledger: string;
  /** When its input last had it open, milliseconds since the epoch. */
  readonly seen: number;
}

/** A source's row, kept in memory and written when it changed. */
export class SourceRow implements StoredSource {
  readonly key: number;
  readonly component: string;
  readonly path: string;
  readonly ledger: Ledger;
  /** The position that is on disk. */
  saved: number;
  meta: SourceMeta;
  seen: number;
  /** The disk refuses positions: what was read counts from what was delivered, so that shipping goes on. */
  refused = false;
  /** Called when the position is on disk, or when it is known that it cannot be. */
  stored: (() => void) | undefined;
  /** Its input has it open. */
  open = false;
  /** Nothing more will be read from it; only what is on its way keeps it. Not on disk: after a restart it is looked at again. */
  ended = false;

  constructor(init: Pick<SourceRow, 'key' | 'component' | 'path' | 'ledger' | 'meta' | 'seen'>) {
    this.key = init.key;
    this.component = init.component;
    this.path = init.path;
    this.ledger = init.ledger;
    this.saved = init.ledger.position;
    this.meta = init.meta;
    this.seen = init.seen;
  }

  static from({ position, meta, ledger, ...rest }: SourceRecord): SourceRow {
    const stored = JSON.parse(ledger) as Partial<StoredLedger>;
    return new SourceRow({ ...rest, meta: JSON.parse(meta), ledger: Ledger.from(position, stored) });
  }

  get position(): number {
    return this.ledger.position;
  }

  get record(): SourceRecord {
    const { key, component, path, position, seen } = this;
    return {
      key,
      component,
      path,
      position,
      meta: JSON.stringify(this.meta),
      ledger: JSON.stringify(this.ledger.stored),
      seen,
    };
  }
}
