import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { sleep } from './process.ts';
import type { ConsumedRecord } from './records.ts';
import { TopicReader } from './topic.ts';
import { WireError } from './wire.ts';

/**
 * Prints the records of a topic as they come, one line each: partition, offset, key, value. Goes on through restarts of
 * brokers, and waits for a topic that does not exist yet. What it has to say goes to standard error, so that `out` can
 * be piped; no more is fetched than its reader takes.
 * @param signal ends it behind a whole line
 */
export async function follow(
  brokers: string[],
  topic: string,
  fromBeginning: boolean,
  out: Writable,
  signal: AbortSignal,
): Promise<void> {
  const note = (text: string) => process.stderr.write(`${styleText('dim', text, { stream: process.stderr })}\n`);
  const reader = new TopicReader(brokers, topic);
  let problem = '';
  let where: 'beginning' | 'end' = fromBeginning ? 'beginning' : 'end';
  let sought = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    const lines: Buffer[] = [];
    try {
      if (performance.now() - sought > 5000) {
        await reader.seek(where); // again from time to time: a topic may get more partitions
        const count = reader.positions.size === 1 ? '1 partition' : `${reader.positions.size} partitions`;
        if (sought < 0) note(`Reading ${topic} (${count}) from the ${where}. Ctrl-C ends it.`);
        where = 'beginning';
        sought = performance.now();
      }
      problem = '';
      await reader.poll((record) => lines.push(lineOf(record, out)), 500, reader.positions.keys());
    } catch (error) {
      if (!(error instanceof WireError && error.retriable)) throw error;
      if (error.message !== problem) note(`${error.message}. Trying again until it works ...`);
      problem = error.message;
      if (sought < 0 && error.code !== undefined) where = 'beginning'; // a topic made while we wait is read whole
      await sleep(500);
    }
    for (const line of lines) {
      if (signal.aborted) break;
      if (!out.write(line)) await once(out, 'drain');
    }
  }
  reader.close();
}

function lineOf({ partition, offset, key, value }: ConsumedRecord, out: Writable): Buffer {
  const isTerminal = out instanceof WriteStream;
  const dim = (text: string) => styleText('dim', text, { stream: out });
  const text = value === null ? dim('null') : isTerminal ? shown(value) : value;
  const before = `${dim(`${partition}:${offset}`)} ${key === null ? '' : `${shown(key)} `}`;
  return Buffer.concat([before, text, '\n'].map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
}

/** Control characters of other people's logs are shown on a terminal, not obeyed. */
function shown(bytes: Buffer): string {
  return bytes
    .toString()
    .replaceAll(/[^\P{Cc}\t]/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
