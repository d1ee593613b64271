/** Numbers as the commands print them, so that both can be compared. */

/**
 * `12s`, `5m`, `3h 12m`, `2d 4h`.
 * @param {number} milliseconds
 */
export function period(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return `${seconds}s`;
  if (hours === 0) return `${minutes}m`;
  return hours < 24 ? `${hours}h ${minutes % 60}m` : `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

/**
 * `512 B`, `1.5 MiB`.
 * @param {number} count
 */
export function bytes(count) {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  if (count < 1_024) return `${Math.round(count)} B`;
  const power = Math.min(Math.floor(Math.log2(count) / 10), units.length);
  return `${(count / 2 ** (10 * power)).toFixed(1)} ${units[power - 1]}`;
}

/**
 * `41,210`.
 * @param {number} number
 */
export function count(number) {
  return Math.round(number).toLocaleString('en');
}

/**
 * `41,210/s`; nothing is known yet: `-`.
 * @param {number | undefined} perSecond
 */
export function rate(perSecond) {
  if (perSecond === undefined) return '-';
  return perSecond > 0 && perSecond < 1 ? '<1/s' : `${count(perSecond)}/s`;
}

/**
 * `7.9 MiB/s`; nothing is known yet: `-`.
 * @param {number | undefined} perSecond
 */
export function byteRate(perSecond) {
  return perSecond === undefined ? '-' : `${bytes(perSecond)}/s`;
}

/**
 * `1 file`, `3 files`.
 * @param {number} number
 * @param {string} noun
 */
export function plural(number, noun) {
  return `${count(number)} ${noun}${number === 1 ? '' : 's'}`;
}

/**
 * `2.1k/s`, for where there is little room.
 * @param {number | undefined} perSecond
 */
export function shortRate(perSecond) {
  if (perSecond === undefined || perSecond < 1_000) return rate(perSecond);
  const short = perSecond.toLocaleString('en', { notation: 'compact', maximumFractionDigits: 1 });
  return `${short.replace('K', 'k')}/s`;
}
