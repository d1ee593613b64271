import { expect, test } from 'vitest';
import { nothingRefused, now, status, well } from './fixtures/status.ts';
import { statusText } from './status.ts';

test('everything a person needs at three in the morning', () => {
  expect(statusText(status, now)).toBe(`prod does not run well: see below
agent   web1-0a1b2c, logcatch 1.2.3, pid 42 on web1, started 3h 1m ago
file    /etc/prod.yaml
state   /var/lib/prod
config  2 changes, the last refused 5m ago (the file); the file as it is now is not in effect: what ran before goes on
        prod.yaml:3:1 LC_X bad.

input   app/a  file-tail  running   for 3h 0m  2 files, 3.0 MiB on the way, 2.0 MiB unread, 1 paused: window
output  kafka  kafka      degraded  for 12s    7 records queued, 1 record dropped
        LC_OUTPUT_FAILED  [31mno leader
        Check the broker.
input   list              waiting              for a value of other
config  collect  etcd  running  for 3h 0m  revision 42, loaded 5s ago
config  other    file  running  for 3h 0m  no value yet`);
});

test('dead letters of the last minutes show, with what to do; those before are a figure', () => {
  const lost = {
    queued: 0,
    dropped: 0,
    retries: 0,
    refused: nothingRefused,
    buried: { records: 2, lastAt: now - 60_000, lastReason: 'LC_X no\u001b[2Jvalue' },
  };
  const output = { ...status.components[1]!, ...well, output: lost };
  const deadLetters = { bytes: 32 << 20, limit: 64 << 20 };
  const told = statusText({ ...status, deadLetters, components: [output] }, now);
  expect(told).toContain('letters  32.0 MiB of 64.0 MiB for dead letters (50 % full)');
  expect(told).toContain(`0 records queued, 2 records to the dead letters
        the last dead letter came 1m ago: LC_X no [2Jvalue
        See \`pipeline dlq /etc/prod.yaml ls\`; mend the cause, then \`pipeline dlq /etc/prod.yaml replay\`.`);
  expect(statusText({ ...status, deadLetters, components: [output] }, now + 300_000)).not.toContain(
    'the last dead letter',
  );
  expect(statusText({ ...status, components: [output] }, now)).not.toContain('the last dead letter');
});

test('an address that cannot be listened on, with what to do', () => {
  const http = {
    address: '127.0.0.1:9600',
    lines: false,
    state: 'degraded',
    reason: 'LC_HTTP_LISTEN in use',
    hint: 'Choose another.',
    since: now,
  } as const;
  expect(statusText({ ...status, http }, now)).toContain(`http    127.0.0.1:9600 is degraded for 0s
        LC_HTTP_LISTEN in use
        Choose another.
`);
  expect(statusText({ ...status, http }, now)).toMatch(/\nconfig .*\n +prod.yaml:3:1 LC_X bad\.\nhttp /);
  expect(statusText({ ...status, http: { ...http, ...well } }, now)).toContain('http    http://127.0.0.1:9600\n');
});

test('positions that do not come to disk, with what to do', () => {
  const unwritten = {
    state: 'degraded',
    reason: 'LC_STATE_WRITE disk is full',
    hint: 'Free space.',
    since: now - 120_000,
  } as const;
  expect(statusText({ ...status, unwritten }, now)).toContain(`state   /var/lib/prod is not written for 2m\n`);
  expect(statusText({ ...status, unwritten }, now)).toContain(`
        LC_STATE_WRITE disk is full
        Free space.
`);
});

test('an input without a file says what it waits for', () => {
  const [app] = status.components;
  const input = { ...app!.input!, count: 0, unsettled: 0, lag: 0, sources: [] };
  const told = statusText({ ...status, components: [{ ...app!, summary: '/var/log/app/*.log', input }] }, now);
  expect(told).toContain('0 files, waits for /var/log/app/*.log, 0 B on the way');
  const idle = 'no file matches "app/*.log"; there is no folder /var/log/app';
  const because = statusText({ ...status, components: [{ ...app!, input: { ...input, idle } }] }, now);
  expect(because).toContain(`0 B on the way\n        ${idle}\n`);
});

test('trouble does not drown in thousands that run well', () => {
  const many = Array.from({ length: 10_000 }, (_, i) => ({ ...status.components[0]!, id: `app/${i}` }));
  const text = statusText({ ...status, components: [...many, status.components[1]!] }, now);
  expect(text.split('\n').length).toBeLessThan(80);
  expect(text).toContain('kafka');
  expect(text).toContain('and 9950 more that run well');
});

test('an applied change says what it did', () => {
  const plan = {
    add: ['a', 'b'],
    change: [],
    retag: [],
    remove: ['1', '2', '3', '4'],
    relink: [],
    sources: { add: [], change: [], remove: [] },
    settings: [],
  };
  const last = { number: 1, at: now, what: 'collect', result: 'applied', plan } as const;
  const text = statusText(
    { ...status, well: true, configuration: { ...status.configuration, changes: 1, pending: [], last } },
    now,
  );
  expect(text).toContain('prod runs well\n');
  expect(text).toContain('1 change, the last applied 0s ago (collect): add a, b; remove 1, 2, 3 and 1 more');
});
