import type { Ledger, StoredLedger } from '../state/ledger.ts';
import type { SourceRecord, SourceRow } from '../state/source-row.ts';

/** What an output keeps of a source. Its key there tells which source it is. */
interface Position {
  readonly input: string;
  readonly path: string;
  readonly position: number;
  readonly meta: SourceRow['meta'];
  readonly ledger: StoredLedger;
}

/** What is to be done so that the rows here and the positions of an output agree. */
export interface Reconciled {
  /** The output is ahead, or was not told of what is here: its copy counts. */
  readonly restore: readonly (readonly [row: SourceRow, position: number, ledger: StoredLedger])[];
  /** Nothing is known of these here: data_dir was lost. */
  readonly adopt: readonly Omit<SourceRecord, 'key' | 'seen'>[];
  /** These have moved here since they were committed, or never were: the output's copy is to follow. */
  readonly follow: readonly SourceRow[];
  /** The output has no positions of this writer at all. */
  readonly empty: boolean;
  /** How many rows here were committed and are not there. */
  readonly missing: number;
}

/**
 * Whose positions they are: whoever may write them shuts out all others who may. Agents of several pipelines can have one id by
 * mistake, and must not take each other's positions for their own.
 */
export interface Writer {
  readonly agentId: string;
  /** Id of the output. */
  readonly output: string;
}

/** `agent/output/input/uid`. Ids hold slashes and much else, so they are encoded. */
export function keyOf(writer: Writer, { component, uid }: Pick<SourceRow, 'component' | 'uid'>): string {
  return `${prefixOf(writer)}${encodeURIComponent(component)}/${uid}`;
}

/** Key of the mark, which stands where this writer has ever committed: so that none left is another thing than none there. */
export function markOf(writer: Writer): string {
  return prefixOf(writer);
}

/** @param ledger what the row's will be once that is committed */
export function positionText({ component, path, meta }: SourceRow, ledger: Ledger): string {
  const value: Position = { input: component, path, position: ledger.position, meta, ledger: ledger.stored };
  return JSON.stringify(value);
}

/**
 * The output's copy counts, for it moves with the records; but not over what was moved here on purpose (`checkpoints seek`), or
 * while the output was used without transactions.
 * @param ended keys that the output still has and that are over here
 */
export function reconcile(
  writer: Writer,
  rows: readonly SourceRow[],
  stored: ReadonlyMap<string, string>,
  ended: (key: string) => boolean,
): Reconciled {
  const restore: [SourceRow, number, StoredLedger][] = [];
  const adopt: Reconciled['adopt'][number][] = [];
  const follow: SourceRow[] = [];
  const known = new Set<string>([markOf(writer)]);
  let missing = 0;
  for (const row of rows) {
    const key = keyOf(writer, row);
    known.add(key);
    const text = stored.get(key);
    if (text === undefined) {
      follow.push(row);
      if (row.committed !== undefined) missing++;
      continue;
    }
    const { position, ledger } = JSON.parse(text) as Position;
    if (row.moved) follow.push(row);
    else if (position !== row.position || row.committed === undefined) restore.push([row, position, ledger]);
  }
  for (const [key, text] of stored) {
    if (!key.startsWith(prefixOf(writer)) || known.has(key) || ended(key)) continue;
    const { input, path, position, meta, ledger } = JSON.parse(text) as Position;
    adopt.push({
      uid: key.slice(key.lastIndexOf('/') + 1),
      component: input,
      path,
      position,
      meta: JSON.stringify(meta),
      ledger: JSON.stringify(ledger),
      committed: position,
    });
  }
  return { restore, adopt, follow, empty: !stored.has(markOf(writer)), missing };
}

function prefixOf({ agentId, output }: Writer): string {
  return `${encodeURIComponent(agentId)}/${encodeURIComponent(output)}/`;
}
