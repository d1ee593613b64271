/** A line that a container runtime wrote. Indices in the buffer. */
export interface ContainerLine {
  stream: 1 | 2;
  /** The next line of this stream goes on with the same line of the program. */
  partial: boolean;
  /** What the program wrote, without its line end. */
  start: number;
  end: number;
  /** It is the inside of a JSON text in which something is escaped. */
  escaped: boolean;
  timeStart: number;
  timeEnd: number;
}

export const streamNames = ['stdout', 'stderr'] as const;

/** Takes a line apart; false where it is not of the format. Fills an object that is used again: there is none per line. */
export type ContainerFormat = (bytes: Buffer, start: number, end: number, line: ContainerLine) => boolean;

const space = 0x20;
const quote = 0x22;
const backslash = 0x5c;
const letterN = 0x6e;
const letterR = 0x72;
const none = -1;

/** What Kubernetes runtimes (containerd, CRI-O) write: `2026-11-22T10:00:00.123456789Z stdout F text`. */
export const cri: ContainerFormat = (bytes, start, end, line) => {
  const stream = bytes.indexOf(space, start) + 1;
  const tags = stream + 'stdout '.length;
  if (stream === 0 || tags >= end || bytes[tags - 1] !== space || !readStream(bytes, stream, line)) return false;
  const tag = bytes[tags];
  // Tags are separated by colons, and only the first one is in use. An empty text can be without the space before it.
  let text = tags + 1;
  if (bytes[text] === 0x3a) text = Math.min(indexOr(bytes.indexOf(space, text), end), end);
  if ((tag !== 0x46 && tag !== 0x50) || (text < end && bytes[text] !== space)) return false;
  line.partial = tag === 0x50;
  line.timeStart = start;
  line.timeEnd = stream - 1;
  line.start = Math.min(text + 1, end);
  line.end = end;
  line.escaped = false;
  return true;
};

export function whyNotCri(): string {
  return 'it does not begin with a time, stdout or stderr, and the tag F or P';
}

const logKey = Buffer.from('{"log":"');
const streamKey = Buffer.from('","stream":"');
const timeKey = Buffer.from('"time":"');
/** From the end of the text to the time, where nothing is between. */
const afterText = '","stream":"stdout","time":"'.length;

/**
 * What Docker's json-file driver writes: `{"log":"text\n","stream":"stdout","time":"2026-11-22T10:00:00.123456789Z"}`.
 * @param stripCr whether a CR before the line end belongs to it
 */
export function docker(stripCr: boolean): ContainerFormat {
  const asWritten = dockerAsWritten(stripCr);
  return (bytes, start, end, line) => {
    if (asWritten(bytes, start, end, line)) return true;
    if (whyNotDocker(bytes.toString('utf8', start, end))) return false;
    return spelledOtherwise(stripCr, bytes, start, end, line);
  };
}

/** Why a line is none of Docker's; `undefined` where it is one, however its JSON is spelled. */
export function whyNotDocker(text: string): string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return 'it is no JSON';
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return 'it is no JSON object';
  const { log, stream, time } = parsed as Record<string, unknown>;
  if (typeof log !== 'string') return 'it has no text `log`';
  if (stream !== 'stdout' && stream !== 'stderr') return '`stream` is neither "stdout" nor "stderr"';
  if (typeof time !== 'string') return 'it has no text `time`';
  return undefined;
}

/** A key and its text of a JSON object, or a bracket. */
const token = /"((?:[^"\\]|\\.)*)"(?:\s*:\s*"((?:[^"\\]|\\.)*)")?|[{}[\]]/dg;

/** The same keys in another order, or with white space: of a line that is valid JSON. In latin1 an index is that of a byte. */
function spelledOtherwise(stripCr: boolean, bytes: Buffer, start: number, end: number, line: ContainerLine): boolean {
  let depth = 0;
  let found = 0;
  for (const { 0: all, 1: key, indices } of bytes.toString('latin1', start, end).matchAll(token)) {
    if (all === '{' || all === '[') depth++;
    else if (all === '}' || all === ']') depth--;
    const place = indices![2];
    if (depth !== 1 || !place) continue;
    const [from, to] = [start + place[0], start + place[1]];
    if (key === 'log') readText(stripCr, bytes, from, to, line);
    else if (key === 'stream') readStream(bytes, from, line);
    else if (key === 'time') [line.timeStart, line.timeEnd] = [from, to];
    else continue;
    found++;
  }
  return found === 3;
}

/** What most lines are, told without parsing them. */
function dockerAsWritten(stripCr: boolean): ContainerFormat {
  return (bytes, start, end, line) => {
    const text = start + logKey.length;
    if (end < text || logKey.compare(bytes, start, text) !== 0 || bytes[end - 1] !== 0x7d) return false;
    // Quotes in the text are escaped, so these keys cannot stand in it. They are at the end, but for attributes between them.
    const time = find(timeKey, bytes, end - timeKey.length, text) + timeKey.length;
    if (time < text) return false;
    let textEnd = time - afterText;
    if (textEnd < text || !isAt(textEnd, streamKey, bytes)) {
      textEnd = find(streamKey, bytes, text, Math.max(text, time - streamKey.length));
    }
    const timeEnd = bytes.indexOf(quote, time);
    if (textEnd < 0 || timeEnd < 0 || timeEnd > end) return false;
    if (!readStream(bytes, textEnd + streamKey.length, line)) return false;
    line.timeStart = time;
    line.timeEnd = timeEnd;
    readText(stripCr, bytes, text, textEnd, line);
    return true;
  };
}

/** As `indexOf`, but within a line, and backwards where `to` is less: each line of another format would look through all behind it. */
function find(key: Buffer, bytes: Buffer, from: number, to: number): number {
  const step = from < to ? 1 : -1;
  for (let at = from; at !== to; at += step) if (bytes[at] === key[0] && isAt(at, key, bytes)) return at;
  return none;
}

function isAt(at: number, key: Buffer, bytes: Buffer): boolean {
  return key.compare(bytes, at, at + key.length) === 0;
}

/** @param end where the JSON text ends */
function readText(stripCr: boolean, bytes: Buffer, start: number, end: number, line: ContainerLine): void {
  line.partial = !endsWith(letterN, bytes, start, end);
  line.start = start;
  line.end = line.partial ? end : end - 2;
  if (stripCr && !line.partial && endsWith(letterR, bytes, start, line.end)) line.end -= 2;
  const first = bytes.indexOf(backslash, start);
  line.escaped = first >= 0 && first < line.end;
}

/** Behind an even number of backslashes there is this letter with one more. */
function endsWith(letter: number, bytes: Buffer, start: number, end: number): boolean {
  if (end - start < 2 || bytes[end - 1] !== letter || bytes[end - 2] !== backslash) return false;
  let before = end - 2;
  while (before > start && bytes[before - 1] === backslash) before--;
  return (end - 2 - before) % 2 === 0;
}

function readStream(bytes: Buffer, at: number, line: ContainerLine): boolean {
  // std, then out or err.
  if (bytes[at] !== 0x73 || bytes[at + 1] !== 0x74 || bytes[at + 2] !== 0x64) return false;
  const isOut = bytes[at + 3] === 0x6f && bytes[at + 4] === 0x75 && bytes[at + 5] === 0x74;
  const isErr = bytes[at + 3] === 0x65 && bytes[at + 4] === 0x72 && bytes[at + 5] === 0x72;
  line.stream = isOut ? 1 : 2;
  return isOut || isErr;
}

function indexOr(index: number, otherwise: number): number {
  return index < 0 ? otherwise : index;
}
