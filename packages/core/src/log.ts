import { writeSync } from 'node:fs';
import { styleText } from 'node:util';
import { type LogFields, type Logger, printable } from '@logcatch/plugin-api';

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

/** Milliseconds within which the same line is written once; how often it came is said with the next one. */
const repeatWindow = 10_000;
/** Lines remembered for that. */
const remembered = 500;

const styles = { error: 'red', warn: 'yellow', info: 'green', debug: 'gray' } as const;

/** logcatch's own log. Never on stdout: that belongs to the console output. */
export class Log implements Logger {
  readonly debugging: boolean;
  readonly #options: LogOptions;
  readonly #component: string | undefined;
  readonly #repeats: Map<string, { until: number; times: number }>;

  constructor(options: LogOptions, component?: string, repeats = new Map()) {
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

  #log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (logLevels.indexOf(level) > logLevels.indexOf(this.#options.level)) return;
    const repeated = level === 'debug' ? 0 : this.#repeated(`${level} ${this.#component} ${message}`);
    if (repeated === undefined) return;
    const all = { ...fields, ...(repeated > 0 && { repeated }) };
    this.#options.write(
      this.#options.format === 'json' ? this.#json(level, message, all) : this.#pretty(level, message, all),
    );
  }

  /** How often the line was held back before, or undefined when it is now. */
  #repeated(line: string): number | undefined {
    const now = Date.now();
    const known = this.#repeats.get(line);
    if (known && now < known.until) {
      known.times++;
      return undefined;
    }
    this.#repeats.delete(line);
    this.#repeats.set(line, { until: now + repeatWindow, times: 0 });
    if (this.#repeats.size > remembered) this.#repeats.delete(this.#repeats.keys().next().value!);
    return known?.times ?? 0;
  }

  #json(level: LogLevel, message: string, fields: LogFields): string {
    return JSON.stringify({ time: new Date().toISOString(), level, component: this.#component, message, ...fields });
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
