import { expect, test } from 'vitest';
import { type FleetAgent, fleetText } from './fleet.ts';

type Report = NonNullable<FleetAgent['report']>;

const collect = (revision?: string) => ({ name: 'collect', summary: 'key /app', revision });
const agent = (id: string, revision: string | undefined, more: Partial<Report> = {}): FleetAgent => ({
  id,
  report: {
    host: 'h',
    version: '1',
    inputs: 2,
    files: 3,
    lag_bytes: 2_048,
    sources: { collect: { summary: 'key /app', state: 'running', revision } },
    ...more,
  },
});

test('who runs with which revision, and who is behind', () => {
  const refused = {
    sources: {
      collect: { summary: 'key /app', state: 'degraded', revision: '9', reason: 'revision 10 is\u001b refused' },
    },
  };
  const file = { configuration: { result: 'refused', what: 'the file', reason: 'a bad key' } };
  const agents = [
    agent('a', '10'),
    agent('b', '9', refused),
    agent('c', undefined),
    agent('d', '10', file),
    { id: 'e', report: undefined },
  ];
  expect(fleetText(collect('10'), agents)).toEqual({
    well: false,
    text: `collect: 5 agents, newest revision 10, 2 behind, 3 in trouble
agent  host  version  revision    ships                              configuration
a      h     1        10          2 inputs, 3 files, 2.0 KiB behind  applied
b      h     1        9 (behind)  2 inputs, 3 files, 2.0 KiB behind  collect is degraded: revision 10 is  refused
c      h     1        - (behind)  2 inputs, 3 files, 2.0 KiB behind  applied
d      h     1        10          2 inputs, 3 files, 2.0 KiB behind  refused (the file): a bad key
e                                 its report cannot be read`,
  });
});

test('all is well', () => {
  expect(fleetText(collect('10'), [agent('a', '10')])).toMatchObject({ well: true });
  expect(fleetText(collect('10'), [])).toEqual({ well: true, text: 'collect: no agent reports' });
});

test('the newest of the agents counts where the value itself cannot be used', () => {
  const { text } = fleetText(collect(), [agent('a', '9'), agent('b', '10/3')]);
  expect(text).toContain('newest revision 10/3, 1 behind');
});

test('revisions of another key of the same name are not compared', () => {
  const other = agent('b', '7', { sources: { collect: { summary: 'key /other', state: 'running', revision: '7' } } });
  const { text, well } = fleetText(collect('10'), [agent('a', '10'), other]);
  expect(text).toContain('newest revision 10, 1 with another collect');
  expect(text).toContain('7 (key /other)');
  expect(well).toBe(true);
});
