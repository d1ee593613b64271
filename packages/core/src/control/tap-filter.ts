import { createContext, Script } from 'node:vm';
import { type Batch, Condition, LogcatchError, messageOf, pattern } from '@logcatch/plugin-api';

/** What somebody wants to see of the records that pass. */
export interface TapFilter {
  /** A regular expression that the text must match. */
  readonly grep?: string;
  /** A condition, as `filter` takes it. */
  readonly where?: string;
}

/** Which records are wanted. */
export interface Wanted {
  /** By their index in a batch. */
  readonly of: (batch: Batch) => (index: number) => boolean;
  /** Whether it may take for ever, as a regular expression may: to be done within {@link bounded}. */
  readonly endless: boolean;
}

/** Of a pattern that is plain text: then bytes are searched, which is far cheaper. */
const plain = /^[^\\^$.*+?()[\]{}|]+$/;

/** @returns nothing where all are wanted. @throws LC_TAP_FILTER */
export function parseTapFilter({ grep, where }: TapFilter): Wanted | undefined {
  const both = [
    ...(grep === undefined ? [] : [parseGrep(grep)]),
    ...(where === undefined ? [] : [parseCondition(where, '--where')]),
  ];
  const [first, second] = both;
  if (!first || !second) return first;
  return {
    of: (batch) => {
      const [a, b] = [first.of(batch), second.of(batch)];
      return (index) => a(index) && b(index);
    },
    endless: first.endless || second.endless,
  };
}

function parseGrep(text: string): Wanted {
  if (plain.test(text)) return parseCondition(`message.contains("${text.replaceAll('"', '\\"')}")`, '--grep');
  const { data, error } = pattern().safeParse(text);
  if (!data) throw new LogcatchError('LC_TAP_FILTER', `--grep: ${error?.issues[0]?.message}`);
  return { of: (batch) => (index) => data.test(batch.text(index)), endless: true };
}

function parseCondition(text: string, option: string): Wanted {
  try {
    const condition = Condition.parse(text);
    return { of: (batch) => condition.test(batch), endless: condition.matches };
  } catch (error) {
    throw new LogcatchError('LC_TAP_FILTER', `${option}: ${messageOf(error)}`, { cause: error });
  }
}

const context = createContext({ work: () => {} });
const script = new Script('work()');

/**
 * Does something that may take for ever, as `(a+)+$` can, and breaks it off.
 * @returns whether it came to its end
 */
export function bounded(milliseconds: number, work: () => void): boolean {
  context.work = work;
  try {
    script.runInContext(context, { timeout: milliseconds });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    return false;
  } finally {
    context.work = undefined;
  }
}
