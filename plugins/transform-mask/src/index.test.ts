import { type Batch, TextColumn } from '@logcatch/plugin-api';
import { fakeTransformContext, memoryBatch, transformContract } from '@logcatch/testing';
import { array, assert, asyncProperty, constantFrom, oneof, string, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isCard } from './cards.ts';
import mask from './index.ts';

const { definition } = mask;
const create = (options: object = {}) => definition.create(definition.options.parse(options), fakeTransformContext());
const masked = async (values: string[], options?: object) =>
  [...(create(options).apply(await memoryBatch(values)) as Batch)].map(({ text }) => text);

describe('contract', () => {
  const records = ['a@example.com', 'password=x', '4111111111111111'];
  for (const { name, run } of transformContract(() => ({ create: () => create(), records }))) test(name, run);
});

test.each<[string, string]>([
  ['card 4111 1111 1111 1111 used', 'card *** used'],
  ['{"pan":"5500005555555559"}', '{"pan":"***"}'],
  ['378282246310005,6011-1111-1111-1117', '***,***'],
  ['3782 822463 10005', '***'],
  ['mail to ann.b+c@mail.example.co.uk.', 'mail to ***.'],
  ['<ann@example.com>, "bob"@x', '<***>, "bob"@x'],
  ['ä ann@example.com €', 'ä *** €'],
  ['GET /?token=abc123&x=1', 'GET /?token=***&x=1'],
  ['user=a password="se cret" b', 'user=a password=*** b'],
  ['db_password=abc', 'db_password=***'],
  ['{"password":"a\\"b","x":1}', '{"password":"***","x":1}'],
  ['{"db_password" : "abc"}', '{"db_password" : "***"}'],
  ['{"log":"{\\"api_key\\":\\"ab\\\\\\"c\\"}"}', '{"log":"{\\"api_key\\":\\"***\\"}"}'],
  ['cut off: {"client_secret":"abc', 'cut off: {"client_secret":"***'],
  ['Authorization: Bearer abc.def-ghi==', 'Authorization: Bearer ***'],
  ['"Authorization":"Token abcd"', '"Authorization":"Token ***"'],
  ['sent Bearer a1b2c3d4', 'sent Bearer ***'],
  ['authorization: basic dXNlcjpwYXNz', 'authorization: basic ***'],
  ['jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln end', 'jwt *** end'],
  ['key AKIAIOSFODNN7EXAMPLE.', 'key ***.'],
  [`ghp_${'a'.repeat(36)}`, '***'],
])('masks %s', async (text, expected) => {
  expect(await masked([text])).toEqual([expected]);
});

test.each([
  'order 4111111111111112', // the check digit is wrong
  'id 1234567890123456', // no issuer's
  'time 1732290000000 1732290000000000 1732290000000000000',
  'uuid 41111111-1111-1111-1111-111111111111',
  'hash a4111111111111111f',
  'sum 4111111111111111.50 -4111111111111111',
  'price 4111,1111,1111,1111',
  'logo@2x.png foo@1.2.3 @media user@localhost a @ b.com',
  'bypass=1 compass=north passed=3 token_count=5 tokens=7 monkey=x primary_key=5',
  'the token expired; a basic question; bearer of good-newspapers; authorization: required',
  'token: expired',
  'eyJust a word',
  '{"passed":"yes","tokens":"12","key":"name"}',
  'AKIA is short',
])('leaves %s', async (text) => {
  expect(await masked([text])).toEqual([text]);
});

test('knows cards by issuer, length and check digit', () => {
  const cards = ['4012888888881881', '2223003122003222', '30569309025904', '3530111333300000', '6200000000000005'];
  for (const digits of cards) expect(isCard(digits)).toBe(true);
  for (const digits of ['0000000000000000', '4012888888881882', '401288888888188']) expect(isCard(digits)).toBe(false);
});

test('own patterns, with a replacement of their own', async () => {
  const patterns = ['user-\\d+', { pattern: '(?i)(?P<name>pin)=\\d+', replacement: '$<name>=#' }];
  expect(await masked(['user-12 PIN=1234 ä', 'user-x'], { kinds: [], patterns, replacement: '<$1>' })).toEqual([
    '<$1> PIN=# ä',
    'user-x',
  ]);
});

test('only the kinds that are named', async () => {
  const text = 'ann@example.com 4111111111111111';
  expect(await masked([text], { kinds: ['card'] })).toEqual(['ann@example.com ***']);
  expect(await masked([text], { kinds: ['email'], replacement: '<€>' })).toEqual(['<€> 4111111111111111']);
});

test('attributes that are named', async () => {
  const batch = (await memoryBatch(['x', 'y'], { owner: 'ann@example.com' })).withColumn(
    'to',
    new TextColumn(['a@b.de', undefined]),
  );
  const left = create({ attributes: 'owner, to, name' }).apply(batch) as Batch;
  expect([...left].map((record) => [record.attribute('owner'), record.attribute('to')])).toEqual([
    ['***', '***'],
    ['***', undefined],
  ]);
  expect([...left.columns].sort()).toEqual(['owner', 'to']);
});

test('a batch without any of it is passed on as it is, and bytes that are no text stay', async () => {
  const clean = await memoryBatch(['a', 'b']);
  expect(create().apply(clean)).toBe(clean);
  const odd = Buffer.from([0xff, 0x20, 0xc3]);
  const left = create({ replacement: '€' }).apply(
    await memoryBatch([odd, Buffer.concat([odd, Buffer.from(' a@example.com')])]),
  ) as Batch;
  expect(left.bytes(0)).toEqual(odd);
  expect(left.bytes(1)).toEqual(Buffer.concat([odd, Buffer.from(' €')]));
});

const pieces = [
  '4111111111111111',
  'ann@example.com',
  'token=abc',
  '"password":"x"',
  ' ',
  '4111',
  '@',
  'x',
  '1',
  '.',
  'ä',
];

test('property: a batch is masked as its records are one by one, whatever stands beside them or was dropped between them', async () => {
  const piece = array(constantFrom(...pieces), { maxLength: 6 }).map((parts) => parts.join(''));
  await assert(
    asyncProperty(
      array(piece, { maxLength: 8 }),
      array(constantFrom(true, false), { minLength: 8, maxLength: 8 }),
      async (values, keep) => {
        const whole = (await memoryBatch(values)).filter(({ index }) => keep[index]!);
        const together = [...(create().apply(whole) as Batch)].map(({ text, offset }) => [text, offset]);
        const alone: [string, number][] = [];
        for (const [i, value] of values.entries()) if (keep[i]) alone.push([(await masked([value]))[0]!, i]);
        expect(together).toEqual(alone);
      },
    ),
  );
});

test('property: what has none of it keeps its bytes', async () => {
  const quiet = string().filter((text) => !/@|\d{4}|pass|pwd|secr|token|key|bearer|authorization/i.test(text));
  await assert(
    asyncProperty(array(quiet), uint8Array(), async (values, odd) => {
      const bytes = Buffer.from(odd.map((byte) => byte | 0x80));
      const left = create().apply(await memoryBatch([...values, bytes])) as Batch;
      expect([...left].map((record) => Buffer.from(record.bytes))).toEqual([
        ...values.map((value) => Buffer.from(value)),
        bytes,
      ]);
    }),
  );
});

test('property: nothing of it is left among other words, and those stay', async () => {
  const secret = constantFrom('4111111111111111', 'ann@example.com', 'AKIAIOSFODNN7EXAMPLE', '3782-822463-10005');
  const word = constantFrom('a', '12', 'ä', '@', '4111', '{}', 'x=1', '"');
  await assert(
    asyncProperty(array(oneof(secret, word)), async (words) => {
      const expected = words.map((each) => (each.length > 10 ? '***' : each)).join(' ');
      expect(await masked([words.join(' ')])).toEqual([expected]);
    }),
  );
});

test('no record takes more than its length', async () => {
  const long = [
    'a',
    '1',
    '1-',
    'a@',
    '@',
    'a.',
    '"password":"',
    'password="',
    'eyJa.',
    '\\"token\\":\\"',
    'bearer ',
    '4111 ',
    "pwd='",
  ];
  const records = long.map((part) => part.repeat(100_000));
  expect((await masked(records)).length).toBe(records.length);
});
