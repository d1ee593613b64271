import { LogcatchError, type Status } from '@logcatch/plugin-api';
import { expect, test } from 'vitest';
import { Log } from '../log.ts';
import { delay, restartBackoff, Supervisor } from './supervisor.ts';

function make() {
  const logged: string[] = [];
  const statuses: Status[] = [];
  const log = new Log({ level: 'info', format: 'pretty', colors: false, write: (line) => logged.push(line) });
  return { logged, statuses, supervisor: new Supervisor('kafka', log, (status) => statuses.push(status)) };
}

test('waits grow to a last one, with jitter', () => {
  const least = [0, 1, 2, 20].map((attempt) => delay(restartBackoff, attempt, () => 0));
  const most = [0, 1, 2, 20].map((attempt) => delay(restartBackoff, attempt, () => 1));
  expect(least).toEqual([250, 500, 1000, 15_000]);
  expect(most).toEqual([500, 1000, 2000, 30_000]);
});

test('a component can say that it is degraded only while it runs, and that it is well again', () => {
  const { supervisor, statuses, logged } = make();
  supervisor.degraded('too early');
  supervisor.move('running');
  supervisor.degraded('the disk is slow', 'Look at the disk.');
  supervisor.degraded(null);
  expect(statuses.map(({ state, reason }) => [state, reason])).toEqual([
    ['running', ''],
    ['degraded', 'the disk is slow'],
    ['running', ''],
  ]);
  expect(logged.map((line) => line.slice(13))).toEqual([
    'warn  the disk is slow. Look at the disk.',
    'info  runs well again',
  ]);
});

test('whatever a plugin throws becomes an error that names the component', () => {
  const { supervisor } = make();
  expect(supervisor.explain(new Error('oops'))).toMatchObject({
    code: 'LC_PLUGIN_THREW',
    message: 'oops',
    at: 'kafka',
  });
  const known = new LogcatchError('LC_OUTPUT_AUTH', 'no', { hint: 'ask' });
  expect(supervisor.explain(known)).toMatchObject({ code: 'LC_OUTPUT_AUTH', hint: 'ask', at: 'kafka' });
  expect(supervisor.explain('text')).toMatchObject({ message: 'text' });
});
