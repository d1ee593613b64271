import type { AgentStatus, ComponentStatus } from '@logcatch/core';
import { expect, test } from 'vitest';
import { now, status, well } from './fixtures/status.ts';
import { topText } from './top-text.ts';

/** Two seconds later: the input has read 10,000 records, the output has written half of them. */
function later(changes: Partial<AgentStatus> = {}): AgentStatus {
  const [app, kafka] = status.components as [ComponentStatus, ComponentStatus];
  const details = (records: number) => ({
    lanes: [
      { topic: 'app', partition: 0, queued_bytes: 0, in_flight: 1, records: records / 2, retries: 0 },
      {
        topic: 'app',
        partition: 1,
        queued_bytes: 3 << 20,
        in_flight: 1,
        records,
        retries: 3,
        stuck: true,
        reason: 'LC_OUTPUT_TOPIC_MISSING gone.',
      },
    ],
  });
  const flow = { records: 40_000, bytes: 8_000_000 };
  return {
    ...status,
    at: now + 2_000,
    process: { cpu: 13, memory: 95 << 20 },
    components: [
      { ...app, in: flow, out: flow },
      {
        ...kafka,
        in: flow,
        out: { records: 15_000, bytes: 2_990_000 },
        output: { ...kafka.output!, details: details(5_000) },
      },
    ],
    ...changes,
  };
}

const before: AgentStatus = {
  ...status,
  components: status.components.map((one) =>
    one.output
      ? { ...one, output: { ...one.output, details: { lanes: [{ topic: 'app', partition: 1, records: 1_000 }] } } }
      : one,
  ),
};

test('rates between two looks, what is wrong and what to do, lanes, and the files that are behind', () => {
  expect(topText(before, later(), 120)).toBe(`prod  up 3h 1m  does not run well: see below
cpu 50 %  memory 95.0 MiB  buffers 4.0 MiB of 32.0 MiB  dead letters 0 B
  the last change (the file) was refused: prod.yaml:3:1 LC_X bad.
  the file as it is now is not in effect: what ran before goes on
  input list waits for a value of other

component  type       state      in/s  out/s  bytes in/s  bytes out/s      lag  oldest  queue  errors
app/a      file-tail  running   5,000  5,000   976.6 KiB    991.2 KiB  5.0 MiB     44s              0
kafka      kafka      degraded  5,000  2,500   991.2 KiB    488.3 KiB                       7       3
  LC_OUTPUT_FAILED  [31mno leader. Check the broker.

lane of kafka  state    out/s   queued  in flight  retries
app/1          stuck    2,000  3.0 MiB          1        3
  LC_OUTPUT_TOPIC_MISSING gone.
app/0          running             0 B          1        0

    lag  oldest  on the way  paused  file
5.0 MiB     44s     3.0 MiB  window  /a.1`);
});

test('that positions do not come to disk is told once, for all components', () => {
  const unwritten = { ...well, state: 'degraded', reason: 'LC_STATE_WRITE disk is full', hint: 'Free space.' } as const;
  expect(topText(before, later({ unwritten }), 120)).toContain(
    '\n  data_dir is degraded: LC_STATE_WRITE disk is full. Free space.\n',
  );
});

test('fits narrow terminals: what matters least goes first', () => {
  for (const width of [120, 100, 80, 60, 40, 20, 5]) {
    const lines = topText(before, later(), width).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
  }
  const narrow = topText(before, later(), 50);
  expect(narrow).toContain('5.0 MiB');
  expect(narrow).not.toContain('errors');
});

test('a hint is whole where there is room for it', () => {
  const hint = 'Do this, then that, and then what nobody has thought of before. '.repeat(4).trim();
  const [app, kafka] = later().components as [ComponentStatus, ComponentStatus];
  const after = later({ components: [app, { ...kafka, hint }] });
  const told = (height?: number) => topText(before, after, 60, height).replaceAll(/\s+/g, ' ');
  expect(told()).toContain(hint);
  expect(told(40)).toContain(hint);
  expect(told(12)).not.toContain(hint);
});

test('an agent that was started anew has no rates yet, and nor has the first look', () => {
  const again = topText(before, later({ startedAt: now }), 120);
  expect(again).toMatch(/^app.a +file-tail +running +5.0 MiB/m);
  expect(topText(status, status, 120)).toMatch(/^app.a +file-tail +running +5.0 MiB/m);
});

test('many entries of one each are one line, with what is wrong among them', () => {
  const [app, kafka] = status.components as [ComponentStatus, ComponentStatus];
  const troubled = { state: 'failed', reason: 'LC_X broken', hint: 'Mend it.' } as const;
  const entries = Array.from({ length: 1_000 }, (_, i) => ({ ...app, id: `app/${i}`, ...(i < 5 && troubled) }));
  const text = topText(status, { ...status, components: [...entries, { ...kafka, ...well }] }, 120);
  expect(text).toMatch(/^app\/\* \(1000\) +file-tail +5 failed +.* 4.9 GiB +42s +0$/m);
  expect(text.match(/LC_X broken. Mend it./g)).toHaveLength(3);
  expect(text).toContain('and 2 more that do not run well');
  expect(text.split('\n').length).toBeLessThan(30);
});

test('nothing that others wrote reaches the terminal as control characters', () => {
  const [app] = status.components as [ComponentStatus];
  const source = { ...app.input!.sources[0]!, currentPath: '/a\u001b[2J\n.log' };
  const components = [{ ...app, state: 'degraded', reason: 'bad\u001b[2J' } as const].map((one) => ({
    ...one,
    input: { ...app.input!, sources: [source] },
  }));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  expect(topText(status, { ...status, components }, 120)).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
});
