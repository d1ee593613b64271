/** A `${source.path:-default}`. */
export interface Reference {
  /** The source, then the way to the value in it. */
  readonly path: readonly string[];
  /** Without the default, which may be a secret: for messages. */
  readonly text: string;
  readonly fallback?: readonly Part[];
}

/** Literal text, or what is put in its place. */
export type Part = string | Reference;

/** A text that cannot be read. Its message quotes none of the text, which may be a secret. */
export class ExpressionError extends Error {}

/** More defaults within defaults are refused: recursion must end. */
const maxDepth = 16;

/**
 * The parts of a text with `${source.path:-default}` in it. A default may hold further `${}`; braces in it must balance.
 * `$${` is a literal `${`.
 * @throws {ExpressionError}
 */
export function parseExpression(text: string, depth = 0): Part[] {
  if (depth > maxDepth) throw new ExpressionError(`defaults are nested more than ${maxDepth} deep`);
  const parts: Part[] = [];
  let literal = '';
  let position = 0;
  for (let open = text.indexOf('${'); open >= 0; open = text.indexOf('${', position)) {
    if (text[open - 1] === '$' && open > position) {
      literal += `${text.slice(position, open - 1)}\${`;
      position = open + 2;
      continue;
    }
    literal += text.slice(position, open);
    if (literal) parts.push(literal);
    literal = '';
    const close = closing(text, open + 1);
    if (close < 0) throw new ExpressionError('"${" without "}"');
    parts.push(reference(text.slice(open + 2, close), depth));
    position = close + 1;
  }
  literal += text.slice(position);
  if (literal) parts.push(literal);
  return parts;
}

/** Index of the brace that closes the one at `open`, or -1. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let index = open; index < text.length; index++) {
    if (text[index] === '{') depth += 1;
    else if (text[index] === '}' && --depth === 0) return index;
  }
  return -1;
}

function reference(inner: string, depth: number): Reference {
  const colon = inner.indexOf(':-');
  const name = (colon < 0 ? inner : inner.slice(0, colon)).trim();
  if (!/^[^\s{}$.]+(\.[^\s{}$.]+)*$/.test(name)) throw new ExpressionError('"${...}" holds no name like source.path');
  const path = name.split('.');
  const text = `\${${name.length > 60 ? `${name.slice(0, 60)}...` : name}}`;
  return colon < 0 ? { path, text } : { path, text, fallback: parseExpression(inner.slice(colon + 2), depth + 1) };
}
