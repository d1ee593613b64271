/** Where the bytes of files went. */
import { bytes } from './units.js';

/** @import { ListedFile } from '@logcatch/core' */

/** @param {Readonly<Record<string, number>>} counts */
const total = (counts) => Object.values(counts).reduce((all, one) => all + one, 0);

/**
 * Where the bytes of a file went, without what is nothing.
 * @param {ListedFile['account']} account
 */
export function ledgerText({ discovered, delivered, dropped, deadLettered, skipped, pending, abandoned, repeated }) {
  const parts = [
    ...(delivered > 0 || discovered === 0 ? [`${bytes(delivered)} delivered`] : []),
    ...Object.entries(dropped).map(([why, number]) => `${bytes(number)} dropped (${why})`),
    ...(deadLettered > 0 ? [`${bytes(deadLettered)} dead letters`] : []),
    ...(skipped > 0 ? [`${bytes(skipped)} skipped`] : []),
    ...(pending > 0 ? [`${bytes(pending)} pending`] : []),
    ...Object.entries(abandoned).map(([why, number]) => `${bytes(number)} lost (${why})`),
  ];
  const again = repeated > 0 ? `; ${bytes(repeated)} read again` : '';
  return `${bytes(discovered)} = ${parts.join(' + ')}${again}`;
}

/**
 * The same as shares of 100, for a bar.
 * @param {ListedFile['account']} account
 */
export function ledgerShares({ discovered, delivered, dropped, deadLettered, skipped, pending, abandoned }) {
  const share = (/** @type {number} */ number) => (discovered > 0 ? (number / discovered) * 100 : 0);
  return {
    delivered: share(delivered),
    dropped: share(total(dropped) + skipped),
    lost: share(deadLettered + total(abandoned)),
    pending: share(pending),
  };
}
