import { randomBytes } from 'node:crypto';
import type { SourceMeta, StoredSource } from '@logcatch/plugin-api';
import { Ledger, type StoredLedger } from './ledger.ts';

/** What the store keeps of a source. */
export interface SourceRecord {
  readonly key: number;
  /** Tells it from all others, also those of a data_dir that was lost. */
  readonly uid: string;
  readonly component: string;
  readonly path: string;
  readonly position: number;
  /** {@link SourceMeta} as JSON. */
  readonly meta: string;
  /** {@link StoredLedger} as JSON. */
  readonly ledger: string;
  /** When its input last had it open, milliseconds since the epoch. */
  readonly seen: number;
  /** The position that an output has committed with its records; null where none ever has. */
  readonly committed: number | null;
}

/** What is told when its row changes under it. */
export interface RowReader {
  /** The position is on disk, or it is known that it cannot be. */
  stored(): void;
  /** Another position was put into it. */
  restored(): void;
}

/** A source's row, kept in memory and written when it changed. */
export class SourceRow implements StoredSource {
  readonly key: number;
  readonly uid: string;
  readonly component: string;
  readonly path: string;
  ledger: Ledger;
  /** The position that an output has committed with its records. */
  committed: number | undefined;
  /** The position that is on disk. */
  saved: number;
  meta: SourceMeta;
  seen: number;
  /** The disk refuses positions: what was read counts from what was delivered, so that shipping goes on. */
  refused = false;
  reader: RowReader | undefined;
  /** Its input has it open. */
  open = false;
  /** Nothing more will be read from it; only what is on its way keeps it. Not on disk: after a restart it is looked at again. */
  ended = false;

  constructor(init: Pick<SourceRow, 'key' | 'component' | 'path' | 'ledger' | 'meta' | 'seen'> & Anchor) {
    this.key = init.key;
    this.uid = init.uid ?? newUid();
    this.component = init.component;
    this.path = init.path;
    this.ledger = init.ledger;
    this.saved = init.ledger.position;
    this.meta = init.meta;
    this.seen = init.seen;
    this.committed = init.committed;
  }

  static from({ position, meta, ledger, committed, ...rest }: SourceRecord): SourceRow {
    const stored = JSON.parse(ledger) as Partial<StoredLedger>;
    return new SourceRow({
      ...rest,
      meta: JSON.parse(meta),
      ledger: Ledger.from(position, stored),
      committed: committed ?? undefined,
    });
  }

  get position(): number {
    return this.ledger.position;
  }

  /** Its position is not the one that was committed last: somebody has moved it, or it was read without transactions. */
  get moved(): boolean {
    return this.position !== (this.committed ?? this.ledger.start);
  }

  /** Takes over a position that was committed, and what goes with it. What is known of the source's length stays. */
  restore(position: number, stored: Partial<StoredLedger>): void {
    const { size } = this.ledger;
    this.ledger = Ledger.from(position, stored);
    this.ledger.grow(size);
    this.committed = position;
    this.reader?.restored();
  }

  get record(): SourceRecord {
    const { key, uid, component, path, position, seen, committed = null } = this;
    return {
      key,
      uid,
      component,
      path,
      position,
      meta: JSON.stringify(this.meta),
      ledger: JSON.stringify(this.ledger.stored),
      seen,
      committed,
    };
  }
}

/** What ties a row to an output's transactions. A row that is new has neither. */
interface Anchor {
  readonly uid?: string;
  readonly committed?: number | undefined;
}

function newUid(): string {
  return randomBytes(8).toString('hex');
}
