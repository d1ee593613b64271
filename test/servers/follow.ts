import { styleText } from 'node:util';
import { sleep } from './process.ts';
import type { ConsumedRecord } from './records.ts';
import { TopicReader } from './topic.ts';
import { WireError } from './wire.ts';

/**
 * Prints the records of a topic as they come, one line each: partition, offset, key, value. Goes on for ever, through
 * restarts of brokers, and waits for a topic that does not exist yet. What it has to say goes to standard error, so
 * that standard output can be piped.
 */
export async function follow(brokers: string[], topic: string, fromBeginning: boolean): Promise<never> {
  const note = (text: string) => process.stderr.write(`${styleText('dim', text, { stream: process.stderr })}\n`);
  const reader = new TopicReader(brokers, topic);
  let problem = '';
  let where: 'beginning' | 'end' = fromBeginning ? 'beginning' : 'end';
  let sought = Number.NEGATIVE_INFINITY;
  for (;;) {
    try {
      if (performance.now() - sought > 5000) {
        await reader.seek(where); // again from time to time: a topic may get more partitions
        const count = reader.positions.size === 1 ? '1 partition' : `${reader.positions.size} partitions`;
        if (sought < 0) note(`Reading ${topic} (${count}) from the ${where}. Ctrl-C ends it.`);
        where = 'beginning';
        sought = performance.now();
      }
      problem = '';
      await reader.poll(print, 500, reader.positions.keys());
    } catch (error) {
      if (!(error instanceof WireError && error.retriable)) throw error;
      if (error.message !== problem) note(`${error.message}. Trying again until it works ...`);
      problem = error.message;
      if (sought < 0 && error.code !== undefined) where = 'beginning'; // a topic made while we wait is read whole
      await sleep(500);
    }
  }
}

function print(record: ConsumedRecord): void {
  const out = process.stdout;
  const dim = (text: string) => styleText('dim', text, { stream: out });
  const key = record.key === null ? '' : `${shown(record.key)} `;
  out.write(`${dim(`${record.partition}:${record.offset}`)} ${key}`);
  if (record.value === null) out.write(dim('null'));
  else out.write(out.isTTY ? shown(record.value) : record.value);
  out.write('\n');
}

/** Control characters of other people's logs are shown on a terminal, not obeyed. */
function shown(bytes: Buffer): string {
  return bytes
    .toString()
    .replaceAll(/[^\P{Cc}\t]/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
