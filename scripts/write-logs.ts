/**
 * Writes logs to try things with: `node scripts/write-logs.ts FOLDER [LINES_PER_SECOND]`. Appends to web.log and api.log in
 * turn, and rotates each by renaming it every 20 lines, as logrotate does; each
 * rotation is a line on stdout.
 */
import { appendFileSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const [folder, rate = '10'] = process.argv.slice(2);
const linesPerSecond = Number(rate);
if (!folder || !(linesPerSecond > 0)) {
  console.error('usage: node scripts/write-logs.ts FOLDER [LINES_PER_SECOND]');
  process.exit(2);
}

const rotateAfter = 20;
const kept = 2;
const names = ['web', 'api'];
const paths = ['/', '/login', '/cart', '/search?q=tea', '/orders/17'];
const written = new Map<string, number>();
mkdirSync(folder, { recursive: true });

function line(number: number): string {
  const path = paths[number % paths.length];
  const status = number % 17 === 0 ? 500 : 200;
  return `${new Date().toISOString()} GET ${path} ${status} ${(number * 37) % 250}ms user${number % 9}@example.com #${number}`;
}

function rotate(name: string): void {
  const file = (generation: number) => join(folder!, generation === 0 ? `${name}.log` : `${name}.log.${generation}`);
  rmSync(file(kept), { force: true });
  for (let generation = kept - 1; generation >= 0; generation--) {
    try {
      renameSync(file(generation), file(generation + 1));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  console.log(`${name}.log was renamed to ${name}.log.1, and a new one begun`);
}

let number = 0;
function write(): void {
  const name = names[number % names.length]!;
  const count = written.get(name) ?? 0;
  if (count > 0 && count % rotateAfter === 0) rotate(name);
  appendFileSync(join(folder!, `${name}.log`), `${line(number++)}\n`);
  written.set(name, count + 1);
}

write();
setInterval(write, 1000 / linesPerSecond);
