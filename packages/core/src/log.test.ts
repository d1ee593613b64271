import { LogcatchError } from '@logcatch/plugin-api';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Log, type LogFormat, type LogLevel } from './log.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function make(level: LogLevel = 'info', format: LogFormat = 'pretty') {
  const lines: string[] = [];
  return { lines, log: new Log({ level, format, colors: false, write: (line) => lines.push(line) }) };
}

test('a line that repeats is written twice in ten seconds: at first, and at their end with how often it came', () => {
  const { lines, log } = make();
  for (let i = 0; i < 5; i++) log.warn('again');
  log.warn('other');
  vi.advanceTimersByTime(10_001);
  expect(lines.map((line) => line.slice(13))).toEqual(['warn  again', 'warn  other', 'warn  again repeated=4']);
  log.warn('again');
  expect(lines).toHaveLength(4);
});

test('of trouble and recovery that alternate, the last word is what is so', () => {
  const { lines, log } = make();
  for (let i = 0; i < 3; i++) {
    log.error('bad');
    vi.advanceTimersByTime(1_000);
    log.info('well again');
    vi.advanceTimersByTime(1_000);
  }
  vi.advanceTimersByTime(20_000);
  expect(lines.at(-1)).toContain('well again repeated=2');
});

test('what a component has repeated and is over is not said again', () => {
  const { lines, log } = make();
  const kafka = log.for('kafka');
  for (let i = 0; i < 3; i++) kafka.warn('cannot reach it');
  for (let i = 0; i < 3; i++) log.failure(new LogcatchError('LC_OUTPUT_AUTH', 'no', { at: 'kafka', hint: '' }));
  for (let i = 0; i < 3; i++) log.warn('of another');
  kafka.forget();
  vi.advanceTimersByTime(10_001);
  expect(lines.map((line) => line.slice(13))).toEqual([
    'warn  kafka cannot reach it',
    'warn  LC_OUTPUT_AUTH kafka: no.',
    'warn  of another',
    'warn  of another repeated=2',
  ]);
});

test('an answer is given each time, and only where its level is shown', () => {
  const { lines, log } = make();
  for (let i = 0; i < 3; i++) log.answer('info', 'replayed', { written: 2 });
  log.answer('debug', 'unseen');
  expect(lines.map((line) => line.slice(13))).toEqual(Array(3).fill('info  replayed written=2'));
  vi.advanceTimersByTime(10_001);
  expect(lines).toHaveLength(3);
});

test('the level decides, and debug is never held back', () => {
  const quiet = make('error');
  quiet.log.warn('x');
  expect(quiet.lines).toEqual([]);
  const loud = make('debug');
  loud.log.debug('x');
  loud.log.debug('x');
  expect(loud.lines).toHaveLength(2);
});

test('that nobody reads an output any more is no error', () => {
  const { lines, log } = make();
  const closed = (log: Log) => log.failure(new LogcatchError('LC_OUTPUT_CLOSED', 'gone', { at: 'screen' }));
  closed(log);
  expect(lines[0]).toContain('info  LC_OUTPUT_CLOSED screen: gone');
  const quiet = make('warn');
  closed(quiet.log);
  expect(quiet.lines).toEqual([]);
});

test('JSON lines name the component', () => {
  const { lines, log } = make('info', 'json');
  log.for('kafka').error('no "leader"', { partition: 3 });
  expect(JSON.parse(lines[0]!)).toMatchObject({
    level: 'error',
    component: 'kafka',
    message: 'no "leader"',
    partition: 3,
  });
});

test('JSON lines have the code of an error as a field', () => {
  const { lines, log } = make('info', 'json');
  log.warn(new LogcatchError('LC_OUTPUT_AUTH', 'no', { at: 'kafka' }).describe());
  log.failure(new LogcatchError('LC_OUTPUT_AUTH', 'no', { at: 'kafka' }));
  log.info('LC_NOTHING of ours');
  expect(lines.map((line) => JSON.parse(line).code)).toEqual(['LC_OUTPUT_AUTH', 'LC_OUTPUT_AUTH', undefined]);
  expect(JSON.parse(lines[1]!)).toMatchObject({ level: 'warn', component: 'kafka' });
});

test('names and messages cannot control the terminal or forge lines', () => {
  const { lines, log } = make();
  log.warn('x\x1b]0;owned\x07\n12:00:00.000 error forged', { path: 'a\x1b[2J\nb' });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
  expect(lines[0]).not.toMatch(/[\x00-\x1f]/);
});
