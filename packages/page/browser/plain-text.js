// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
const colours = /\x1b\[[\d;]*m/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: here too
const unseen = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/**
 * A text as `pipeline tap` prints it, without the colours of a terminal: what cannot be seen, or turns the direction of writing,
 * is a sign, so that no path looks like another one.
 * @param {string} text
 */
export function plain(text) {
  return text.replace(colours, '').replace(unseen, '\ufffd');
}
