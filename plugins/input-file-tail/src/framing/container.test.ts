import { writeFile } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { framerFor, readAll } from '../fixtures/framed-file.ts';
import { at, Life, until } from '../fixtures/life.ts';
import { whyNotDocker } from './container.ts';

const time = '2026-11-22T10:00:00Z';
const read = (format: string, line: string, given = {}) =>
  readAll(Buffer.from(`${line}\n`), framerFor({ format, ...given })).records;

test.each([
  ['an empty text without a space before it', `${time} stdout F`, ''],
  ['a text of spaces', `${time} stdout F   `, '  '],
  ['more tags', `${time} stdout F:x:y text`, 'text'],
  ['a text that ends with CR', `${time} stdout F text\r`, 'text'],
])('a CRI line with %s', (_, line, text) => {
  expect(read('cri', line)).toEqual([{ offset: 0, text, stream: 'stdout', time }]);
});

test.each([`${time} stdin F text`, `${time} stdout X text`, `${time} stdout`, `${time} stdout Fx text`, 'text', '   '])(
  'no CRI line: %s',
  (line) => expect(read('cri', line)).toEqual([{ offset: 0, text: line }]),
);

test.each([
  [
    'labels',
    `{"log":"text\\n","stream":"stdout","attrs":{"time":"x","a":"${'b'.repeat(300)}"},"time":"${time}"}`,
    'text',
  ],
  [
    'a text that looks like one',
    `{"log":"\\",\\"stream\\":\\"stderr\\"\\n","stream":"stdout","time":"${time}"}`,
    '","stream":"stderr"',
  ],
  ['a backslash before its line end', `{"log":"a\\\\\\n","stream":"stdout","time":"${time}"}`, 'a\\'],
  ['CR LF', `{"log":"text\\r\\n","stream":"stdout","time":"${time}"}`, 'text'],
  ['spaces', `{ "log": "a \\" b\\n", "stream" : "stdout", "time": "${time}" }`, 'a " b'],
  [
    'another order',
    `{"time":"${time}","attrs":{"log":"x","stream":"stderr"},"stream":"stdout","log":"täxt\\n"}`,
    'täxt',
  ],
  ['what is escaped', `{"log":"\\u003ca\\u003e\\t\\n","stream":"stdout","time":"${time}"}`, '<a>\t'],
])('a line of Docker with %s', (_, line, text) => {
  expect(read('docker', line)).toEqual([{ offset: 0, text, stream: 'stdout', time }]);
});

test('a CR stays where it does not belong to the line end', () => {
  const line = `{"log":"text\\r\\n","stream":"stdout","time":"${time}"}`;
  expect(read('docker', line, { strip_cr: false })).toMatchObject([{ text: 'text\r' }]);
});

test('labels of a container can have the names of what Docker adds', () => {
  const labels = '{"time":"x","a":"b","stream":"stdout"}';
  const line = `{"log":"text\\n","stream":"stderr","attrs":${labels},"time":"${time}"}`;
  expect(read('docker', line)).toMatchObject([{ text: 'text', stream: 'stderr', time }]);
});

test('in lines of another format nothing is looked for beyond each: 4 MB would take minutes', () => {
  const lines = Array(140_000).fill(`{"log":"text","level":"info"}`);
  expect(read('docker', lines.join('\n'))).toHaveLength(140_000);
});

test.each([
  '{"log":"text\\n"}',
  '{"log":"text\\n","stream":"stdout"}',
  '{"stream":"stdout","log":"x\\n"}',
  '{"log":"',
  '{}',
])('no line of Docker: %s', (line) => expect(read('docker', line)).toEqual([{ offset: 0, text: line }]));

test.each([
  ['{"log":"', 'it is no JSON'],
  ['[]', 'it is no JSON object'],
  ['{"stream":"stdout"}', 'it has no text `log`'],
  ['{"log":"x","stream":"stdin"}', '`stream` is neither "stdout" nor "stderr"'],
  ['{"log":"x","stream":"stdout","time":1}', 'it has no text `time`'],
])('why %s is no line of Docker', (line, why) => expect(whyNotDocker(line)).toBe(why));

test('the first line of a file that is no line of Docker is a warning with its position and why', async () => {
  const good = `{"log":"a\\n","stream":"stdout","time":"${time}"}`;
  await writeFile(at('a.log'), `${good}\n{"log":"b"}\n[]\n`);
  const life = new Life({ paths: 'a.log', format: 'docker' });
  const warn = vi.spyOn(life.ctx.log, 'warn');
  (await life.start()).pump();
  await until(() => life.lines.length === 3);
  expect(warn.mock.calls).toEqual([
    [
      `${at('a.log')}: a line is not what format: docker writes, and is shipped as it is: \`stream\` is neither "stdout" nor "stderr"`,
      { position: good.length + 1 },
    ],
  ]);
});
