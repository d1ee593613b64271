import { writeSync } from 'node:fs';
import { styleText } from 'node:util';
import { errorTable, type LogcatchError, type LogFields, type Logger, printable } from '@logcatch/plugin-api';

export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];
export const logFormats = ['pretty', 'json'] as const;
export type LogFormat = (typeof logFormats)[number];

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly colors: boolean;
  readonly write: (line: string) => void;
}

/** Milliseconds within which the same line is written once; at their end it is written again, with how often it came. */
const repeatWindow = 10_000;
/** Lines remembered for that. */
const remembered = 500;

const nothing = () => {};

const styles = { error: 'red', warn: 'yellow', info: 'green', debug: 'gray' } as const;

/** A line that was written, and how often it was held back since. */
interface Repeat {
  readonly component: string | undefined;
  times: number;
  last: () => void;
}

/** logcatch's own log. Never on stdout: that belongs to the console output. */
export class Log implements Logger {
  readonly debugging: boolean;
  readonly #options: LogOptions;
  readonly #component: string | undefined;
  readonly #repeats: Map<string, Repeat>;

  constructor(options: LogOptions, component?: string, repeats: Map<string, Repeat> = new Map()) {
    this.#options = options;
    this.#component = component;
    this.#repeats = repeats;
    this.debugging = options.level === 'debug';
  }

  /** Whether it writes JSON. */
  get json(): boolean {
    return this.#options.format === 'json';
  }

  /** The log of one component. */
  for(component: string): Log {
    return new Log(this.#options, component, this.#repeats);
  }

  /** What this component has repeated is not so any more: what was held back of it is not written. */
  forget(): void {
    for (const repeat of this.#repeats.values()) {
      if (repeat.component !== this.#component) continue;
      repeat.times = 0;
      repeat.last = nothing;
    }
  }

  /** An error of the component it names. */
  failure(error: LogcatchError): void {
    this.#log(levelOf(error), error.describe(), {}, error.at);
  }

  error(message: string, fields?: LogFields): void {
    this.#log('error', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#log('warn', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log('info', message, fields);
  }

  debug(message: string, fields?: LogFields): void {
    this.#log('debug', message, fields);
  }

  /** What somebody has just done gets its answer each time, even in the words of the last one. */
  answer(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (this.shows(level)) this.#write(level, message, fields, this.#component);
  }

  /** Whether lines of this level are written. */
  shows(level: LogLevel): boolean {
    return logLevels.indexOf(level) <= logLevels.indexOf(this.#options.level);
  }

  /** @param component whom the message names already */
  #log(level: LogLevel, message: string, fields: LogFields = {}, component = this.#component): void {
    if (!this.shows(level)) return;
    const write = (repeated = 0) =>
      this.#write(level, message, { ...fields, ...(repeated > 0 && { repeated }) }, component);
    if (level === 'debug') write();
    else this.#limited(`${level} ${component} ${message}`, component, write);
  }

  #write(level: LogLevel, message: string, fields: LogFields, component: string | undefined): void {
    const { format, write } = this.#options;
    write(format === 'json' ? this.#json(level, message, fields, component) : this.#pretty(level, message, fields));
  }

  /** Writes a line now, or at the end of its window: what was said last is never swallowed. */
  #limited(line: string, component: string | undefined, write: (repeated?: number) => void): void {
    const known = this.#repeats.get(line);
    if (known) {
      known.times++;
      known.last = () => write(known.times);
      return;
    }
    write();
    if (this.#repeats.size >= remembered) return;
    const repeat: Repeat = { component, times: 0, last: nothing };
    this.#repeats.set(line, repeat);
    const end = () => {
      this.#repeats.delete(line);
      repeat.last();
    };
    // The end of the process waits for no repetition.
    setTimeout(end, repeatWindow).unref();
  }

  #json(level: LogLevel, message: string, fields: LogFields, component: string | undefined): string {
    const time = new Date().toISOString();
    return JSON.stringify({ time, level, component, code: codeIn(message), message, ...fields });
  }

  #pretty(level: LogLevel, message: string, fields: LogFields): string {
    const paint = (style: Parameters<typeof styleText>[0], text: string) =>
      this.#options.colors ? styleText(style, text, { validateStream: false }) : text;
    const pairs = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => paint('gray', ` ${name}=${printable(String(value))}`));
    const component = this.#component ? `${paint('cyan', this.#component)} ` : '';
    const time = paint('gray', new Date().toISOString().slice(11, 23));
    return `${time} ${paint(styles[level], level.padEnd(5))} ${component}${printable(message)}${pairs.join('')}`;
  }
}

function levelOf({ code, retriable }: LogcatchError): LogLevel {
  // As in `| head`: a way to end.
  if (code === 'LC_OUTPUT_CLOSED') return 'info';
  return retriable ? 'warn' : 'error';
}

/** The code that a message of an error shows. */
function codeIn(message: string): string | undefined {
  const code = /\bLC_[A-Z_]+/.exec(message)?.[0];
  return code !== undefined && Object.hasOwn(errorTable, code) ? code : undefined;
}

/** Writes lines to stderr, without what could control a terminal. One that is closed or full is no reason to fail. */
export function writeToStderr(text: string): void {
  try {
    // Names and messages may come from strangers.
    writeSync(2, `${text.split('\n').map(printable).join('\n')}\n`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EPIPE' && code !== 'EAGAIN') throw error;
  }
}
