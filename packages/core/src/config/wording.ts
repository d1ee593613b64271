import { distance } from 'fastest-levenshtein';

/** Longest text that is quoted whole in a message, in characters. */
const quoted = 60;

/** Text in quotes for a message: control characters escaped, the end of a long one left out. */
export function quote(text: string): string {
  return text.length <= quoted ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, quoted))}...`;
}

/** A scalar in words of the pipeline file. */
export function describe(value: string | number | boolean | null): string {
  if (value === null) return 'nothing';
  return typeof value === 'string' ? quote(value) : String(value);
}

/** `a, b or c`. */
export function either(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/**
 * The candidate that was probably meant: at most a third of its letters (two in short words) are wrong, or the
 * end is missing. `maxRecords` and `max-records` are as good as `max_records`.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = plain(word);
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const offered = plain(candidate);
    const shorter = Math.min(wanted.length, offered.length);
    const allowed = Math.min(Math.max(2, Math.floor(offered.length / 3)), shorter - 1);
    // Comparing takes time by length, and both may come from a stranger: words of very different length are skipped.
    if (Math.abs(wanted.length - offered.length) > allowed) continue;
    const wrong = distance(wanted, offered);
    if (wrong <= allowed && wrong < least) [best, least] = [candidate, wrong];
  }
  return best ?? candidates.find((candidate) => wanted.length > 2 && plain(candidate).startsWith(wanted));
}

/** `, did you mean "brokers"?`, or nothing where no candidate is near. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const near = nearest(word, candidates);
  return near === undefined ? '' : `, did you mean ${quote(near)}?`;
}

/** `Valid keys: a, b, c.`; empty where there are none, or too many to read. */
export function listed(what: string, names: readonly string[], most = 20): string {
  return names.length === 0 || names.length > most ? '' : `${what}: ${names.join(', ')}.`;
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[_-]/g, '');
}
