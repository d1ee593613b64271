/**
 * How it is known that files of a folder are written to:
 * - `watched`: chokidar tells. It looks at what each event is about, which costs 50 µs.
 * - `heard`: the system itself tells, in 2 µs for each event.
 * - `polled`: nobody tells, and each file is looked at again and again.
 */
export type Way = 'watched' | 'heard' | 'polled';

/** Change events in a second from which a folder counts as busy: half a thousandth of a core by chokidar. */
const busy = 10;
/** Events in a second that are heard whatever they are about: one wakes the process, which costs 20 µs where it slept. */
const heardAnyway = 200;
/** Looks a second at a file that grows. Where more is told of each file, looking is cheaper than hearing. */
const looksPerFile = 20;

/**
 * How to hear of a folder, after so many events about so many files in the running second. Two reasons lead back and
 * need time: it has been quiet, and it may be worth while to listen again.
 */
export function wayFor(way: 'watched' | 'heard', events: number, files: number): Way {
  if (events > heardAnyway + looksPerFile * files) return 'polled';
  return events > busy ? 'heard' : way;
}

/** Events about files of a folder. */
export class Traffic {
  readonly #files = new Set<string>();
  #events = 0;
  #since = 0;
  /** When there were more than a quiet folder has, by the clock. */
  busyAt = Number.NEGATIVE_INFINITY;

  /** Takes an event into account. @returns how to hear of the next ones */
  after(name: string, now: number, way: 'watched' | 'heard'): Way {
    if (now - this.#since >= 1_000) {
      this.#since = now;
      this.#events = 0;
      this.#files.clear();
    }
    this.#events++;
    this.#files.add(name);
    if (this.#events > busy) this.busyAt = now;
    return wayFor(way, this.#events, this.#files.size);
  }
}
