import type { AgentStatus, ComponentStatus, TapTick } from '@logcatch/core';
import { expect, test } from 'vitest';
import { status, well } from './fixtures/status.ts';
import { silenceText, TapSilence } from './tap-silence.ts';

const quiet: TapTick = { components: 1, seen: 0, skipped: 0 };
const [app, kafka] = status.components as readonly [ComponentStatus, ComponentStatus];

function why(input: Partial<ComponentStatus['input']>, output: Partial<ComponentStatus>, component?: string): string {
  const idle = { ...app.input!, lag: 0, unsettled: 0, paused: {}, ...input };
  const components = [
    { ...app, input: idle },
    { ...kafka, ...well, ...output },
  ];
  return silenceText(component ?? 'all inputs', quiet, { ...status, components } as AgentStatus, component);
}

test('is told once, after some seconds in which it ran', () => {
  const silence = new TapSilence();
  const told = [
    ...Array.from({ length: 9 }, () => silence.tick({ ...quiet, components: 0 })),
    ...Array.from({ length: 9 }, () => silence.tick({ ...quiet, seen: 2, skipped: 1 })),
  ].filter((one) => one !== undefined);
  expect(told).toEqual([{ seen: 12, skipped: 6 }]);
});

test('is not told where something was shown', () => {
  const silence = new TapSilence();
  silence.end();
  for (let i = 0; i < 9; i++) expect(silence.tick(quiet)).toBeUndefined();
});

test('why: the filter, what holds up the files, no file, or nothing to read', () => {
  expect(silenceText('app', { seen: 12, skipped: 2 }, status)).toBe(
    'nothing is shown yet: 12 records passed, 10 looked at, and none matches',
  );
  const stuck = { state: 'stuck', reason: 'LC_X gone', hint: 'Create it.' } as const;
  expect(why({ paused: { 'output stuck': 1 } }, stuck)).toBe(
    'nothing has passed all inputs yet: kafka is stuck: LC_X gone. Create it.',
  );
  expect(why({}, stuck, 'kafka')).toContain('kafka is stuck');
  expect(why({}, stuck)).toContain('2 files, and everything in them has been read');
  expect(why({ paused: { window: 1 } }, {})).toContain('files wait: window');
  expect(why({ count: 0, idle: 'No file matches ./x.' }, {})).toContain('there are no files. No file matches ./x.');
  expect(why({ lag: 2048 }, {})).toContain('2.0 KiB are on their way or unread');
});
