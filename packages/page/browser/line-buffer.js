/**
 * The last lines that passed. They wait here until they are shown.
 *
 * @import { TapLine, TappedRecord } from '@logcatch/core'
 * @typedef {{ key: string, time: string, component: string, place: string, attributes: string, message: string }} ShownLine
 */

import { bytes } from './units.js';

const mostShown = 200;
/** Characters of a line that are shown. */
const longestShown = 2_000;
/** `19:42:02.123`, where the page is looked at. */
const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});

export class LineBuffer {
  /** @type {readonly ShownLine[]} the oldest first */
  lines = [];
  seen = 0;
  skipped = 0;
  /** Components that are tapped; undefined while nothing is known. @type {number | undefined} */
  components;
  #count = 0;

  /** @param {readonly TapLine[]} told */
  add(told) {
    /** @type {ShownLine[]} */
    const fresh = [];
    for (const one of told) {
      if ('record' in one) {
        fresh.push(this.#shown(one.record));
        continue;
      }
      this.seen += one.tick.seen;
      this.skipped += one.tick.skipped;
      this.components = one.tick.components;
    }
    if (fresh.length > 0) this.lines = [...this.lines, ...fresh].slice(-mostShown);
  }

  clear() {
    this.lines = [];
    this.seen = 0;
    this.skipped = 0;
  }

  /**
   * @param {TappedRecord} record
   * @returns {ShownLine}
   */
  #shown({ time, component, exit, path, offset, attributes, message, size }) {
    const cut = message.slice(0, longestShown);
    return {
      key: String(this.#count++),
      time: clock.format(new Date(time)),
      component: exit === undefined ? component : `${component}.${exit}`,
      place: `${path}:${offset}`,
      attributes: Object.entries(attributes)
        .map(([name, value]) => `${name}=${value}`)
        .join(' '),
      message: cut.length < message.length ? `${cut}\u2026 (${bytes(size)})` : cut,
    };
  }
}
