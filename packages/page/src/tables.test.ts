import { emptyAccount } from '@logcatch/core';
import { expect, test } from 'vitest';
import { ledgerShares, ledgerText } from '../browser/ledger.js';
import { graphOf, summaryOf } from '../browser/model.js';
import { configurationOf, errorsOf, filesOf, lanesOf, silenceOf, troublesOf } from '../browser/tables.js';
import { input, now, output, statusOf } from './fixtures/status.ts';

const before = statusOf([], { at: now - 2_000 });

test('positions that do not come to disk: nothing else tells of it', () => {
  const unwritten = {
    state: 'degraded',
    reason: 'LC_STATE_WRITE full',
    hint: 'Free space.',
    since: now - 60_000,
  } as const;
  expect(troublesOf(statusOf([input('app')], { well: false, unwritten }))).toEqual([
    { what: 'data_dir', state: 'degraded', level: 'bad', why: 'LC_STATE_WRITE full', hint: 'Free space.', since: '1m' },
  ]);
});

test('what to do: what is broken first, then what waits, at last what follows from it', () => {
  const waiting = { state: 'waiting', reason: 'for output kafka to start', hint: '', since: now - 5_000 } as const;
  const failed = { state: 'failed', reason: 'LC_X broken.', hint: 'Mend it.', since: now - 60_000 } as const;
  const away = { state: 'waiting', reason: 'LC_Y away. Check it.', hint: 'Check it.', since: now - 5_000 } as const;
  const entries = Array.from({ length: 6 }, (_, index) => input(`app/${index}`, failed));
  const status = statusOf([...entries, input('web', waiting), output('kafka', away)], {
    well: false,
    repaired: 'LC_STATE_Z mended',
    configuration: {
      ...before.configuration,
      pending: ['the file'],
      last: { number: 2, at: now - 1_000, what: 'the file', result: 'refused', errors: ['a.yaml:1:1 LC_C bad'] },
    },
  });
  expect(
    troublesOf(status).map(({ what, state, level, why, hint, since }) => [what, state, level, why, hint, since]),
  ).toEqual([
    ...[0, 1, 2].map((index) => [`input app/${index}`, 'failed', 'bad', 'LC_X broken.', 'Mend it.', '1m']),
    ['input app', 'failed', 'bad', '3 more entries do not run well.', '', ''],
    ['configuration: the file', 'refused', 'bad', 'a.yaml:1:1 LC_C bad', expect.stringContaining('Mend it'), '1s'],
    ['output kafka', 'waiting', 'news', 'LC_Y away. Check it.', '', '5s'],
    ['web', 'waiting', 'news', 'Waits for output kafka to start.', '', '5s'],
    ['positions on disk', 'repaired', 'news', 'LC_STATE_Z mended', '', ''],
  ]);
});

test('what waits for its configuration says for which', () => {
  const status = statusOf([], { waiting: [{ kind: 'input', id: 'list', sources: ['collect'] }] });
  expect(troublesOf(status)).toMatchObject([{ what: 'input list', why: 'Waits for a value of collect.' }]);
});

test('an agent that does not answer is asked on its host', () => {
  expect(silenceOf(before)).toMatchObject({
    level: 'bad',
    hint: expect.stringMatching(/`pipeline status \/etc\/prod.yaml` on web1/),
  });
});

test('dead letters are news for five minutes, while there are some', () => {
  const buried = { records: 3, lastAt: now - 60_000, lastReason: 'LC_RECORD_REFUSED too long' };
  const of = (bytes: number, lastAt: number) =>
    troublesOf(
      statusOf([output('kafka', { output: { ...output('x').output!, buried: { ...buried, lastAt } as never } })], {
        deadLetters: { bytes, limit: 10 },
      }),
    );
  expect(of(5, now - 60_000)).toMatchObject([
    {
      what: 'output kafka',
      why: '3 records, the last one 1m ago: LC_RECORD_REFUSED too long',
      hint: expect.stringContaining('pipeline dlq /etc/prod.yaml ls'),
    },
  ]);
  expect(of(9, 0)).toMatchObject([{ what: 'dead letters', state: 'nearly full', level: 'bad' }]);
  expect([...of(0, now - 60_000), ...of(5, now - 400_000)]).toEqual([]);
});

test('where the bytes of a file went', () => {
  const books = {
    ...emptyAccount,
    discovered: 1_000,
    delivered: 500,
    dropped: { blank: 100 },
    deadLettered: 100,
    pending: 200,
    abandoned: { truncated: 100 },
    repeated: 9,
  };
  expect(ledgerText(books)).toBe(
    '1000 B = 500 B delivered + 100 B dropped (blank) + 100 B dead letters + 200 B pending + 100 B lost (truncated); 9 B read again',
  );
  expect(ledgerShares(books)).toEqual({ delivered: 50, dropped: 10, lost: 20, pending: 20 });
  expect(ledgerText(emptyAccount)).toBe('0 B = 0 B delivered');
  const file = {
    component: 'app',
    key: 1,
    path: '/a',
    currentPath: '/a',
    position: 5,
    unsettled: 0,
    lag: 3,
    oldestAt: now - 9_000,
    pausedBy: ['output stuck' as const],
    account: emptyAccount,
  };
  expect(filesOf([file], now)).toMatchObject([
    { lag: '3 B', behind: false, oldest: '9s', onTheWay: '', paused: 'output stuck' },
  ]);
});

test('what comes and goes moves nothing: files and lanes stand by name, but for those that are behind', () => {
  const file = (path: string, lag: number, age: number) => ({
    component: 'app',
    key: 1,
    path: '/a',
    currentPath: path,
    position: 0,
    unsettled: 0,
    lag,
    ...(lag > 0 && { oldestAt: now - age }),
    pausedBy: [],
    account: emptyAccount,
  });
  const files = [file('/a10', 9_000, 500), file('/a2', 5, 20_000), file('/a9', 0, 0), file('/a1', 50, 60_000)];
  expect(filesOf(files, now).map(({ path, oldest }) => `${path} ${oldest}`)).toEqual([
    '/a1 1m',
    '/a2 20s',
    '/a9 ',
    '/a10 ',
  ]);
  expect(filesOf(files, now)[0]).toMatchObject({ path: '/a1', title: '/a1, found as /a' });
  const young = statusOf([input('app', {}, 1 << 20)], { at: now - 720_000 + 9_000 });
  expect(graphOf(undefined, young).boxes).toMatchObject([{ note: '2 files' }]);
  expect(summaryOf(undefined, young).figures).toContainEqual(
    expect.objectContaining({ label: 'lag', note: '2 files' }),
  );
  const lanes = [
    { topic: 'a', partition: 10, queued_bytes: 99, records: 9 },
    { topic: 'a', partition: 2, records: 5 },
    { topic: 'b', partition: 0, reason: 'slow' },
  ];
  const status = statusOf([output('kafka', { output: { ...output('x').output!, details: { lanes } as never } })]);
  expect(lanesOf(undefined, status)[0]!.lanes.map(({ name }) => name)).toEqual(['b/0', 'a/2', 'a/10']);
});

test('lanes: stuck ones first, with why and what to do; outputs without any are left out', () => {
  const lane = (partition: number, records: number, more = {}) => ({
    topic: 'app',
    partition,
    queued_bytes: 0,
    in_flight: 1,
    records,
    retries: 0,
    ...more,
  });
  const of = (...lanes: object[]) => [
    output('kafka', { output: { ...output('x').output!, details: { lanes } as never } }),
    output('screen'),
  ];
  const earlier = { ...before, components: of(lane(0, 0), lane(1, 0)) };
  const stuck = lane(1, 0, { stuck: true, queued_bytes: 2048, reason: 'LC_T gone.', hint: 'Create it.' });
  const many = Array.from({ length: 60 }, (_, index) => lane(index + 2, 0));
  expect(lanesOf(earlier, statusOf(of(lane(0, 5_000), stuck)))).toEqual([
    {
      output: 'kafka',
      more: 0,
      lanes: [
        {
          name: 'app/1',
          state: 'stuck',
          level: 'bad',
          flow: '0/s',
          queued: '2.0 KiB',
          inFlight: '1',
          retries: '0',
          why: 'LC_T gone.',
          hint: 'Create it.',
        },
        {
          name: 'app/0',
          state: 'running',
          level: 'good',
          flow: '2,500/s',
          queued: '0 B',
          inFlight: '1',
          retries: '0',
          why: '',
          hint: '',
        },
      ],
    },
  ]);
  expect(lanesOf(earlier, statusOf(of(...many)))).toMatchObject([{ lanes: { length: 50 }, more: 10 }]);
  expect(
    lanesOf(undefined, statusOf([output('x', { output: { ...output('x').output!, details: { lanes: 1 } } })])),
  ).toEqual([]);
});

test('errors and changes', () => {
  const error = {
    component: 'kafka',
    code: 'LC_OUTPUT_FAILED',
    message: 'away',
    hint: 'Wait.',
    firstAt: 0,
    at: now - 5_000,
    times: 3,
  } as const;
  expect(errorsOf(statusOf([], { recentErrors: [error] }))).toMatchObject([
    { times: '× 3', ago: '5s ago', fresh: true },
  ]);
  const note = { number: 1, at: now - 60_000, what: 'the file' };
  const status = statusOf([], {
    sources: [
      {
        name: 'collect',
        type: 'etcd',
        summary: 'key /x',
        state: 'running',
        reason: '',
        hint: '',
        since: 0,
        revision: '42',
        loadedAt: now - 5_000,
        code: undefined,
      },
    ],
    configuration: {
      ...before.configuration,
      changes: 2,
      recent: [
        { ...note, number: 2, result: 'refused', mended: true, errors: ['LC_C bad', 'LC_D bad'] },
        { ...note, result: 'applied', did: 'add web' },
      ],
    },
  });
  expect(configurationOf(status)).toMatchObject({
    changes: '2 changes',
    sources: [{ revision: '42', loaded: 'loaded 5s ago', level: 'good' }],
    recent: [
      { number: 2, result: 'refused, mended since', level: 'news', text: 'LC_C bad\nLC_D bad' },
      { number: 1, result: 'applied', level: 'good', text: 'add web' },
    ],
  });
});
