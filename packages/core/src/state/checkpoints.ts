import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { LogcatchError, messageOf, type PathExplanation, type SourceMeta, type Status } from '@logcatch/plugin-api';
import type { PauseReason } from '../pipeline/tracked-source.ts';
import type { PathHistory } from './ended-sources.ts';
import { type Account, emptyAccount, sum } from './ledger.ts';
import type { SourceRow } from './source-row.ts';
import type { Store } from './store.ts';

/** What is stored of a source. Positions and sizes are bytes of the file. */
export interface Checkpoint {
  readonly key: number;
  readonly input: string;
  /** Where it was found. */
  readonly path: string;
  /** Where it is now, as far as is known. */
  readonly currentPath: string;
  /** Its input has it open. */
  readonly open: boolean;
  /** Why nothing more is read from it; empty while it is. */
  readonly pausedBy: readonly PauseReason[];
  /** Outputs that are stuck for it. */
  readonly stuckIn: readonly StuckIn[];
  /** Where reading began. */
  readonly start: number;
  /** Up to here everything has settled: reading goes on here after a restart. */
  readonly position: number;
  /** The known end. */
  readonly size: number;
  /** Bytes from the position on that have settled before, and come again. */
  readonly again: number;
  /** Milliseconds since the epoch. */
  readonly seen: number;
  readonly account: Account;
  readonly meta: SourceMeta;
}

/** A checkpoint that was moved. */
export interface Move {
  readonly input: string;
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

/** A position, or one that has to be looked up. */
export type SeekTarget = number | 'beginning' | 'end';

/** All that is known of a path. */
export interface PathReport {
  readonly path: string;
  /** An agent was asked; otherwise only what is stored. */
  readonly running: boolean;
  /** Bytes of the file that is there now; left out where there is none. */
  readonly size?: number;
  /** What the inputs say that have to do with it. */
  readonly inputs: readonly InputExplanation[];
  readonly sources: readonly Checkpoint[];
  readonly ended: readonly PathHistory[];
  /** Of all sources at this path, those that have ended included. */
  readonly account: Account;
  /** Other paths with its base name of which something is stored, a few of them. */
  readonly similar: readonly string[];
}

/** What an input has to do with a path, and how it does itself. */
export interface InputExplanation extends Pick<Status, 'state' | 'reason' | 'hint'> {
  readonly id: string;
  /** Whether it reads the path now. */
  readonly read: boolean;
  /** Why, or why not, in its own words. */
  readonly reasons: readonly string[];
}

/** An output that cannot write the records of a source now. */
export interface StuckIn {
  readonly output: string;
  /** Code, reason, and what to do. */
  readonly why: string;
}

/** A source that is being read. */
export interface LiveSource {
  readonly currentPath: string;
  /** No more can be read from it. */
  readonly over: boolean;
  readonly pausedBy: readonly PauseReason[];
  readonly stuckIn: readonly StuckIn[];
  seek(position: number): void;
}

/** An input that can be asked about a path. */
export interface Explainer {
  readonly id: string;
  readonly supervisor: { readonly status: Status };
  explain(path: string): Promise<PathExplanation | undefined>;
}

/** The agent whose checkpoints they are. */
export interface CheckpointOwner {
  readonly store: Store;
  /** Sources that are being read, by key. */
  live(): ReadonlyMap<number, LiveSource>;
  inputs(): readonly Explainer[];
  /** Resolves when everything known is in the store. */
  flush(): Promise<void>;
  /** A command has changed where reading goes on. */
  moved(move: Move): void;
}

/** Paths that are offered in the place of one that nobody knows. */
const mostSimilar = 3;

interface Found {
  readonly row: SourceRow;
  readonly live: LiveSource | undefined;
}

/** Checkpoints for people: to look at and to move. */
export class Checkpoints {
  readonly #owner: CheckpointOwner;
  readonly #running: boolean;

  constructor(owner: CheckpointOwner, running: boolean) {
    this.#owner = owner;
    this.#running = running;
  }

  /** Of an agent that does not run. */
  static of(store: Store): Checkpoints {
    return new Checkpoints(
      { store, live: () => new Map(), inputs: () => [], flush: async () => {}, moved: () => {} },
      false,
    );
  }

  /** In the order of their paths. @param input its id; default: all */
  list(input?: string): Checkpoint[] {
    return this.#all()
      .filter(({ row }) => input === undefined || row.component === input)
      .map(checkpointOf)
      .toSorted((a, b) => (a.path === b.path ? a.key - b.key : a.path < b.path ? -1 : 1));
  }

  async report(path: string): Promise<PathReport> {
    await this.#owner.flush();
    const asked = await Promise.all(
      this.#owner.inputs().map(async (input) => ({ input, said: await ask(input, path) })),
    );
    const keys = new Set(asked.flatMap(({ said }) => said?.sources ?? []));
    const sources = this.#all()
      .filter((found) => keys.has(found.row.key) || isAt(found, path))
      .map(checkpointOf);
    const inputs = asked.flatMap(({ input: { id, supervisor }, said }): InputExplanation[] => {
      const own = sources.filter(({ input }) => input === id);
      if (!said && own.length === 0) return [];
      const { state, reason, hint } = supervisor.status;
      const read = said?.read ?? own.some(({ open }) => open);
      return [{ id, read, reasons: said?.reasons ?? [], state, reason, hint }];
    });
    const ended = this.#owner.store.history(path);
    const account = [...sources, ...ended].reduce((all, { account }) => sum(all, account), emptyAccount);
    return {
      ...(await nothingKnown(path)),
      running: this.#running,
      inputs,
      sources,
      ended,
      account,
      similar: this.#similar(path),
    };
  }

  /** Every source at these paths is read from its beginning again. @throws LC_CHECKPOINT_UNKNOWN; nothing has changed then */
  async reset(paths: readonly string[]): Promise<Move[]> {
    return this.#moved(paths.flatMap((path) => this.#at(path)).map((found) => ({ ...found, to: 0 })));
  }

  /**
   * Reading of the newest source at this path, of each input, goes on at a position.
   * @throws LC_CHECKPOINT_UNKNOWN, LC_CHECKPOINT_POSITION; nothing has changed then
   */
  async seek(path: string, target: SeekTarget): Promise<Move[]> {
    const newest = new Map(this.#at(path).map((found) => [found.row.component, found]));
    const moves = [...newest.values()].map(async (found) => ({ ...found, to: await positionOf(found, target) }));
    return this.#moved(await Promise.all(moves));
  }

  #all(): Found[] {
    const live = this.#owner.live();
    return this.#owner.store.rows.map((row) => ({ row, live: live.get(row.key) }));
  }

  /** Oldest first. */
  #at(path: string): Found[] {
    const found = this.#all().filter((one) => isAt(one, path) && !one.live?.over);
    if (found.length === 0) throw unknownPath(path, this.#similar(path));
    return found.toSorted((a, b) => a.row.key - b.row.key);
  }

  #similar(path: string): string[] {
    const paths = this.#all().map(({ row, live }) => live?.currentPath ?? row.path);
    const others = paths.filter((known) => known !== path && basename(known) === basename(path));
    return [...new Set(others)].slice(0, mostSimilar);
  }

  async #moved(wanted: readonly (Found & { readonly to: number })[]): Promise<Move[]> {
    const moves = wanted.map(({ row, live, to }): Move => {
      const from = row.position;
      // While its end was looked up it may have ended itself.
      if (live?.over) throw unknownPath(row.path, []);
      if (live) live.seek(to);
      else row.ledger.seek(to);
      return { input: row.component, path: live?.currentPath ?? row.path, from, to };
    });
    this.#owner.store.save(wanted.map(({ row }) => row));
    for (const move of moves) this.#owner.moved(move);
    return moves;
  }
}

/** The report of a path where no agent has ever run. */
export async function nothingKnown(path: string): Promise<PathReport> {
  const file = await stat(path).catch(() => undefined);
  const size = file?.isFile() && { size: file.size };
  return { path, running: false, ...size, inputs: [], sources: [], ended: [], account: emptyAccount, similar: [] };
}

/** One that fails to answer keeps no other from it. */
function ask(input: Explainer, path: string): Promise<PathExplanation | undefined> {
  return input
    .explain(path)
    .catch((error): PathExplanation => ({ read: false, reasons: [`it cannot say: ${messageOf(error)}`], sources: [] }));
}

/** @param similar what may have been meant */
export function unknownPath(path: string, similar: readonly string[]): LogcatchError {
  const hint = `Did you mean ${similar.join(' or ')}? A relative path is relative to the working directory.`;
  return new LogcatchError('LC_CHECKPOINT_UNKNOWN', `nothing is stored of ${path}`, similar.length > 0 ? { hint } : {});
}

function isAt({ row, live }: Found, path: string): boolean {
  return row.path === path || live?.currentPath === path;
}

async function positionOf(found: Found, target: SeekTarget): Promise<number> {
  if (target === 'beginning') return 0;
  const end = await endOf(found);
  if (target === 'end') return end;
  if (Number.isSafeInteger(target) && target >= 0 && target <= end) return target;
  throw new LogcatchError('LC_CHECKPOINT_POSITION', `${found.row.path} has no position ${target}: it ends at ${end}`);
}

/** Inputs of files keep the inode in what they remember of a source: by it, its file is known while no agent runs. */
async function endOf({ row, live }: Found): Promise<number> {
  const file = live ? undefined : await stat(row.path, { bigint: true }).catch(() => undefined);
  return file && row.meta.ino === String(file.ino) ? Number(file.size) : row.ledger.size;
}

function checkpointOf({ row, live }: Found): Checkpoint {
  const { key, component, path, open, position, seen, meta, ledger } = row;
  const { start, size, again, account } = ledger;
  const currentPath = live?.currentPath ?? path;
  const pausedBy = live?.pausedBy ?? [];
  return {
    key,
    input: component,
    path,
    currentPath,
    open,
    pausedBy,
    stuckIn: live?.stuckIn ?? [],
    start,
    position,
    size,
    again,
    seen,
    account,
    meta,
  };
}
