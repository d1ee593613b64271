import type { Batch } from './batch.ts';
import { type ParsedCondition, parseCondition } from './condition-parser.ts';
import type { Bind, Test } from './condition-terms.ts';

/**
 * A condition on records, such as `level in ["warn", "error"] && message.contains("timeout")`. A subset of CEL, the Common
 * Expression Language, in which attributes are text that may be absent instead of typed variables that must exist: a comparison
 * with an absent one is false (`!=` is true), and one with a number compares numbers.
 *
 * It is bound to a batch at a time: what is the same for the whole batch is looked at once, and the bytes of records are
 * searched without making text of them.
 */
export class Condition {
  readonly text: string;
  /** Whether it searches by a regular expression: nothing bounds the time that takes. */
  readonly matches: boolean;
  readonly #bind: Bind;

  private constructor(text: string, { bind, matches }: ParsedCondition) {
    this.text = text;
    this.matches = matches;
    this.#bind = bind;
  }

  /** @throws Error that says what is wrong with the text, and where */
  static parse(text: string): Condition {
    return new Condition(text, parseCondition(text));
  }

  /** Whether a record of this batch meets it: a function of its index, or the answer for all of them. */
  bind(batch: Batch): Test {
    return this.#bind(batch);
  }

  /** As {@link bind}, always a function. */
  test(batch: Batch): (index: number) => boolean {
    const test = this.#bind(batch);
    return typeof test === 'boolean' ? () => test : test;
  }

  /** The records that meet it. */
  filter(batch: Batch): Batch {
    const test = this.bind(batch);
    if (test === true) return batch;
    if (test === false) return batch.select(new Uint32Array(0));
    return batch.filterRanges((_buffer, _start, _end, index) => test(index));
  }
}
