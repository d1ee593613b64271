import type { InputNode } from '../pipeline/input-node.ts';
import type { TrackedSource } from '../pipeline/tracked-source.ts';
import type { Account } from '../state/ledger.ts';
import type { InputSource } from '../status/agent-status.ts';

/** An open source with its books. */
export interface ListedFile extends InputSource {
  readonly component: string;
  readonly account: Account;
}

/** Some of the open sources. */
export interface FileList {
  /** At most 100, those with the most lag. */
  readonly files: readonly ListedFile[];
  /** Sources whose input or path holds the text that was looked for, and all there are. */
  readonly matching: number;
  readonly open: number;
}

const mostListed = 100;

/** @param text part of an input's id or of a path, in any case; the empty one is part of all */
export function fileList(inputs: Iterable<Pick<InputNode, 'sources'>>, text: string): FileList {
  const wanted = text.toLowerCase();
  const all = [...inputs].flatMap(({ sources }) => [...sources]);
  const matching =
    wanted === ''
      ? all
      : all.filter(({ input, path, currentPath }) => `${input} ${path} ${currentPath}`.toLowerCase().includes(wanted));
  const files = furthestBehind(matching, mostListed).map((source) => ({
    component: source.input,
    ...sourceOf(source),
    account: source.row.ledger.account,
  }));
  return { files, matching: matching.length, open: all.length };
}

/** So many of them: those with the most lag where there are more. */
export function furthestBehind(all: readonly TrackedSource[], most: number): readonly TrackedSource[] {
  const [behind = [], others = []] = [true, false].map((is) => all.filter(({ lag }) => lag > 0 === is));
  return [...behind.toSorted((a, b) => b.lag - a.lag), ...others].slice(0, most);
}

export function sourceOf(source: TrackedSource): InputSource {
  const { key, path, currentPath, position, unsettled, lag, oldestAt, pausedBy } = source;
  return { key, path, currentPath, position, unsettled, lag, ...(oldestAt !== undefined && { oldestAt }), pausedBy };
}
