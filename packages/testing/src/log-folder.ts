import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A temporary folder with log files, and what happens to log files. Names are relative to it; folders are made. */
export class LogFolder {
  /** Absolute. */
  readonly path = mkdtempSync(join(tmpdir(), 'logcatch-logs-'));

  /** The absolute path of a file. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** Adds lines, each with a line end. Makes the file when it is not there, also without lines. */
  append(name: string, ...lines: readonly string[]): void {
    this.write(name, lines.map((line) => `${line}\n`).join(''));
  }

  /** Adds text as it is, such as the beginning of a line. */
  write(name: string, text: string): void {
    mkdirSync(dirname(this.file(name)), { recursive: true });
    appendFileSync(this.file(name), text);
  }

  /** As logrotate does with `create`: `a.log` becomes `a.log.1`, what had that name `a.log.2`, and so on. A new one comes with the next line. */
  rotate(name: string): void {
    let last = 1;
    while (existsSync(this.file(`${name}.${last}`))) last++;
    for (; last > 1; last--) this.rename(`${name}.${last - 1}`, `${name}.${last}`);
    this.rename(name, `${name}.1`);
  }

  /** As logrotate does with `copytruncate`: `a.log.1` is a copy, and the file goes on empty. */
  copyTruncate(name: string): void {
    copyFileSync(this.file(name), this.file(`${name}.1`));
    this.truncate(name);
  }

  /** Empties a file, or cuts it to so many bytes. */
  truncate(name: string, bytes = 0): void {
    truncateSync(this.file(name), bytes);
  }

  rename(from: string, to: string): void {
    renameSync(this.file(from), this.file(to));
  }

  remove(name: string): void {
    rmSync(this.file(name));
  }

  /** Lines of a file, without line ends; none where there is no file. */
  lines(name: string): string[] {
    if (!existsSync(this.file(name))) return [];
    const lines = readFileSync(this.file(name), 'utf8').split('\n');
    return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
  }

  /** Names of what is in it, sorted. */
  names(): string[] {
    return readdirSync(this.path).sort();
  }

  /** Deletes it with all that is in it. */
  clean(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
