import { basename } from 'node:path';
import {
  type Attributes,
  type Discovery,
  LogcatchError,
  messageOf,
  type OpenRequest,
  type Source,
  type SourceEnd,
  type SourceMeta,
  type Sources,
  type StoredSource,
} from '@logcatch/plugin-api';
import type { Checkpointer } from '../state/checkpointer.ts';
import { total } from '../state/ledger.ts';
import type { SourceRow } from '../state/source-row.ts';
import type { Store } from '../state/store.ts';
import { type SourceOwner, TrackedSource } from './tracked-source.ts';

export interface SourcesEnvironment {
  readonly store: Store;
  readonly checkpointer: Checkpointer;
  readonly host: string;
  /** Called when a position moved or a batch settled. */
  progressed(): void;
  discovered(discovery: Discovery): void;
  /** A position has passed a batch of so many bytes that was read so many milliseconds ago. */
  passed(bytes: number, milliseconds: number): void;
  /** A source has ended, and so many bytes of it will never be delivered. */
  abandoned(source: TrackedSource, bytes: number): void;
}

/** The sources of one input, through the lives of its instances. */
export class InputSources implements Sources, Iterable<TrackedSource> {
  readonly #input: string;
  readonly #environment: SourcesEnvironment;
  readonly #owner: SourceOwner;
  readonly #open = new Map<number, TrackedSource>();
  /** What the input knows of each source's records. */
  readonly #own = new Map<number, Attributes>();
  #attributes: Attributes;

  constructor(
    input: string,
    attributes: Attributes,
    environment: SourcesEnvironment,
    flow: Pick<SourceOwner, 'committing' | 'pause' | 'resume' | 'rewind'>,
  ) {
    this.#input = input;
    this.#attributes = attributes;
    this.#environment = environment;
    // One that the instance before had open may still be told things; its key belongs to another by now.
    const ofMine = (act: (source: TrackedSource) => void) => (source: TrackedSource) => {
      if (this.has(source)) act(source);
    };
    this.#owner = {
      get committing() {
        return flow.committing;
      },
      pause: ofMine(flow.pause),
      resume: ofMine(flow.resume),
      rewind: ofMine(flow.rewind),
      changed: (source) => environment.checkpointer.changed(source.row),
      moved: (source, now) => {
        if (now) environment.checkpointer.saveNow(source.row);
        else environment.checkpointer.changed(source.row);
        environment.progressed();
      },
      passed: environment.passed,
      finished: (source) => {
        this.#open.delete(source.key);
        this.#own.delete(source.key);
        const { account } = environment.checkpointer.end(source.row, source.ended!);
        const bytes = total(account.abandoned);
        if (bytes > 0) environment.abandoned(source, bytes);
      },
    };
  }

  [Symbol.iterator](): Iterator<TrackedSource> {
    return this.#open.values();
  }

  has(source: Source): source is TrackedSource {
    return this.#open.get(source.key) === source;
  }

  /**
   * The instance that opened them is gone: what is on its way will be read again by the next one. What has ended cannot be, and
   * stays until it has settled.
   */
  reset(): void {
    for (const source of this.#open.values()) {
      if (source.ended) continue;
      this.#open.delete(source.key);
      this.#own.delete(source.key);
      source.leave();
      source.cancel();
    }
  }

  /** Takes over what has ended and not settled: an instance before this one read it. */
  adopt(before: InputSources): void {
    for (const source of before) {
      if (!source.ended) continue;
      before.#open.delete(source.key);
      this.#open.set(source.key, source);
      const own = before.#own.get(source.key);
      if (own) this.#own.set(source.key, own);
      source.belongTo(this.#owner);
      source.row.open = true;
    }
  }

  /** Looks again at what is over: whoever is to know of that may be another one now. */
  finish(): void {
    for (const source of this) source.finish();
  }

  /** Nothing more will be read. */
  close(): void {
    for (const source of this.#open.values()) source.leave();
  }

  known(): readonly StoredSource[] {
    return this.#environment.store.rowsOf(this.#input).filter((row) => !row.ended && !this.#open.has(row.key));
  }

  open(requests: readonly OpenRequest[]): TrackedSource[] {
    return this.#stored(requests).map((row, i) => {
      const { key, path, attributes } = requests[i]!;
      if (attributes) this.#own.set(row.key, attributes);
      const source = new TrackedSource(row, this.#attributesOf(row), this.#owner);
      source.currentPath = path;
      this.#owner.committing?.changed(row);
      this.#open.set(row.key, source);
      const event = key === undefined ? 'found' : 'resumed';
      this.#environment.discovered({ input: this.#input, source, event, path });
      return source;
    });
  }

  remember(source: Source, meta: SourceMeta): void {
    if (!this.has(source)) return;
    source.row.meta = meta;
    this.#environment.checkpointer.changed(source.row);
    this.#owner.committing?.changed(source.row);
  }

  grown(source: Source, size: number): void {
    if (this.has(source)) source.grown(size);
  }

  renamed(source: Source, path: string): void {
    if (this.has(source)) source.currentPath = path;
    this.#environment.discovered({ input: this.#input, source, event: 'renamed', path });
  }

  end(source: Source, how: SourceEnd, size?: number, advice?: string): void {
    if (!this.has(source)) return;
    if (size !== undefined) source.row.ledger.endAt(size);
    this.#environment.discovered({ input: this.#input, source, event: how, path: source.path });
    source.end(how, advice);
  }

  /** New attributes for what is read from now on. */
  retag(attributes: Attributes): void {
    this.#attributes = attributes;
    for (const source of this) source.attributes = this.#attributesOf(source);
  }

  /** Nothing has changed when it throws. */
  #stored(requests: readonly OpenRequest[]): SourceRow[] {
    try {
      return this.#environment.store.open(this.#input, requests);
    } catch (error) {
      throw new LogcatchError('LC_STATE_WRITE', `positions to start from cannot be stored: ${messageOf(error)}`);
    }
  }

  #attributesOf({ key, path }: Pick<TrackedSource, 'key' | 'path'>): Attributes {
    return Object.freeze({
      ...this.#own.get(key),
      ...this.#attributes,
      path,
      name: basename(path),
      input: this.#input,
      host: this.#environment.host,
    });
  }
}
