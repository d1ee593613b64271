import { isUtf8 } from 'node:buffer';
import type { Batch, NodeHandle } from '@logcatch/plugin-api';
import { Allowance } from './allowance.ts';
import type { LineReader } from './line-stream.ts';
import { bounded, parseTapFilter, type TapFilter, type Wanted } from './tap-filter.ts';

export interface TapRequest extends TapFilter {
  /** An id; that of an `each` for all of its entries; `id.exit`. Default: all inputs. */
  readonly component?: string;
}

/** A record as it passed. */
export interface TappedRecord {
  /** ISO 8601, when it passed. */
  readonly time: string;
  readonly component: string;
  readonly exit?: string;
  readonly path: string;
  /** Its position in its source. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  readonly attributes: Readonly<Record<string, string>>;
  /** Its beginning, where it is longer than 16 KiB. */
  readonly message: string;
  /** The same, where it is not UTF-8. */
  readonly message_base64?: string;
}

/** What has happened since the one before. */
export interface TapTick {
  /** Components that are tapped now: none while there is none such. */
  readonly components: number;
  /** Records that passed. */
  readonly seen: number;
  /** Those of them that were not looked at or not shown, because there were too many. */
  readonly skipped: number;
}

/** One line of what a tap tells. */
export type TapLine = { readonly record: TappedRecord } | { readonly tick: TapTick };

/**
 * Of each second, in ms: what all taps may cost, whatever they are asked to look for. More where there is little to do: to look
 * for a pattern costs some for each batch, and few records come as many small ones.
 */
const workPerSecond = { busy: 10, calm: 100 };
/** Utilization of the event loop from which on it is busy: one that ships all it can has two thirds, and waits for its servers. */
const busyFrom = 0.5;
/** Less of that is not worth a look, which costs some by itself. */
const leastWork = 1;
const longestLook = 20;
/** Records shown in a second. */
const shownPerSecond = 1_000;
/** Bytes of a record that are shown. */
const longestShown = 16 << 10;
/** Characters of what one batch tells. */
const mostAtOnce = 256 << 10;
/** Records between two looks at the clock. */
const stride = 16;

/** Copies records that pass, as many as can be had for little, and counts the others. */
export class Tap {
  readonly request: TapRequest;
  readonly #wanted: Wanted | undefined;
  readonly #now: () => number;
  readonly #longest: number;
  readonly #work: Allowance;
  readonly #shown: Allowance;
  #reader: LineReader | undefined;
  #seen = 0;
  #skipped = 0;

  /**
   * @param now milliseconds
   * @param longest milliseconds for which a filter is let look at one batch: the time that it takes is owed, so that it rests longer
   * @throws LC_TAP_FILTER
   */
  constructor(request: TapRequest, now = () => performance.now(), longest = longestLook) {
    this.request = request;
    this.#wanted = parseTapFilter(request);
    this.#now = now;
    this.#longest = longest;
    this.#work = new Allowance(workPerSecond.busy, now());
    this.#shown = new Allowance(shownPerSecond, now());
  }

  tell(reader: LineReader | undefined): void {
    this.#reader = reader;
  }

  /**
   * How much it may cost from now on.
   * @param taps so many look at the pipeline: together they may cost as much as one
   * @param utilization of the event loop, from 0 to 1
   */
  among(taps: number, utilization: number): void {
    this.#work.share = 1 / taps;
    this.#work.perSecond = utilization < busyFrom ? workPerSecond.calm : workPerSecond.busy;
  }

  /** Called for each batch that passes. */
  see(component: string, batch: Batch, exit: string | undefined): void {
    const reader = this.#reader;
    if (!reader) return;
    const { count } = batch;
    this.#seen += count;
    const begun = this.#now();
    const time = this.#work.left(begun);
    const room = Math.floor(this.#shown.left(begun));
    if (time < leastWork || room <= 0 || reader.full) {
      this.#skipped += count;
      return;
    }
    const until = begun + time;
    const { found, looked } = this.#find(batch, room, until);
    const show = shower(component, batch, exit);
    let text = '';
    let told = 0;
    while (
      told < found.length &&
      text.length < mostAtOnce &&
      (told % stride > 0 || this.#now() < until || told === 0)
    ) {
      text += `${JSON.stringify({ record: show(found[told++]!) } satisfies TapLine)}\n`;
    }
    if (told > 0) reader.write(text);
    this.#skipped += count - looked + (found.length - told);
    this.#shown.use(told);
    this.#work.use(this.#now() - begun);
  }

  /** Says what has happened since it was asked last. @param components how many are tapped */
  tick(components: number): void {
    if (!this.#reader || this.#reader.full) return;
    const tick = { components, seen: this.#seen, skipped: this.#skipped };
    this.#reader.write(`${JSON.stringify({ tick } satisfies TapLine)}\n`);
    this.#seen = 0;
    this.#skipped = 0;
  }

  /** The first records that are wanted, and at how many it has looked for them. */
  #find(batch: Batch, room: number, until: number): { found: number[]; looked: number } {
    const found: number[] = [];
    let looked = 0;
    const wanted = this.#wanted;
    if (!wanted) {
      looked = Math.min(batch.count, room);
      for (let i = 0; i < looked; i++) found.push(i);
      return { found, looked };
    }
    const find = () => {
      const test = wanted.of(batch);
      while (looked < batch.count && found.length < room) {
        if (looked % stride === 0 && looked > 0 && this.#now() >= until) return;
        if (test(looked)) found.push(looked);
        looked++;
      }
    };
    if (wanted.endless) bounded(this.#longest, find);
    else find();
    return { found, looked };
  }
}

/** Whether records of a node are asked for, and if so, those of which exit. */
export function tapped(
  { component }: TapRequest,
  { id, kind }: Pick<NodeHandle, 'id' | 'kind'>,
): { readonly exit?: string } | undefined {
  if (component === undefined) return kind === 'input' ? {} : undefined;
  if (id === component || id.startsWith(`${component}/`)) return {};
  return component.startsWith(`${id}.`) ? { exit: component.slice(id.length + 1) } : undefined;
}

function shower(component: string, batch: Batch, exit: string | undefined): (index: number) => TappedRecord {
  const time = new Date().toISOString();
  const columns = [...batch.columns];
  return (index) => {
    const attributes: Record<string, string> = { ...batch.attributes };
    for (const name of columns) {
      const value = batch.attribute(name, index);
      if (value === undefined) delete attributes[name];
      else attributes[name] = value;
    }
    const whole = batch.bytes(index);
    const bytes = whole.subarray(0, endOf(whole));
    return {
      time,
      component,
      ...(exit !== undefined && { exit }),
      path: batch.source.path,
      offset: batch.offset(index),
      size: whole.length,
      attributes,
      message: bytes.toString(),
      ...(!isUtf8(bytes) && { message_base64: bytes.toString('base64') }),
    };
  };
}

/** Where what is shown ends: not within a character. */
function endOf(bytes: Buffer): number {
  let end = longestShown;
  while (end > longestShown - 4 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return end;
}
