import { type Batch, TextColumn } from '@logcatch/plugin-api';
import { fakeTransformContext, memoryBatch, transformContract } from '@logcatch/testing';
import { array, assert, asyncProperty, constantFrom, dictionary, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import parse from './index.ts';
import { logfmt } from './logfmt.ts';

const { definition } = parse;
const create = (options: object, context = fakeTransformContext()) =>
  definition.create(definition.options.parse(options), context);
const apply = async (options: object, values: string[], attributes?: Record<string, string>) =>
  create(options).apply(await memoryBatch(values, attributes)) as Batch;

/** The attributes that a record has besides those of its source. */
const own = (batch: Batch, index = 0) =>
  Object.fromEntries(
    [...batch.columns].flatMap((name) => {
      const value = batch.attribute(name, index);
      return value === undefined ? [] : [[name, value]];
    }),
  );

const pattern = '^(?<level>\\w+) (?<rest>.*)$';
const access = '1.2.3.4 - ann [22/Nov/2026:10:00:00 +0000] "GET /a?b=1 HTTP/1.1" 200 512 "-" "curl/8 \\"x\\""';

describe.each([{ format: 'json' }, { format: 'logfmt' }, { format: 'regex', pattern }, { format: 'combined' }])(
  'contract, $format',
  (options) => {
    const subject = {
      create: () => create({ ...options, message: 'level' }),
      records: ['{"level":"x"}', 'level=x', access],
    };
    for (const { name, run } of transformContract(() => subject)) test(name, run);
  },
);

describe('json', () => {
  test.each<[string, object]>([
    ['{"level":"info","took":5,"ok":true,"none":null}', { level: 'info', took: '5', ok: 'true' }],
    [
      '{"http":{"status":200,"request":{"id":"x"}},"tags":["a",1],"empty":{}}',
      { 'http.status': '200', 'http.request.id': 'x', tags: '["a",1]' },
    ],
    ['{"id":12345678901234567890,"small":1.5}', { id: '12345678901234567890', small: '1.5' }],
    ['{"a":1,"a":2,"ä":"€\\n"}', { a: '2', ä: '€\n' }],
    ['{"__proto__":"x"}', { ['__proto__']: 'x' }],
    ['{"message":"x","offset":1,"parse_error":"x","":1}', {}],
    [`${'{"a":'.repeat(10)}1${'}'.repeat(10)}`, { 'a.a.a.a.a.a.a.a.a': '{"a":1}' }],
    ['hello', { parse_error: 'not JSON' }],
    ['{"a":1', { parse_error: 'not JSON' }],
    ['[1]', { parse_error: 'not a JSON object' }],
    ['null', { parse_error: 'not a JSON object' }],
  ])('%s', async (text, expected) => {
    expect(own(await apply({ format: 'json' }, [text]))).toEqual(expected);
  });

  test('no record is nested too deeply', async () => {
    const deep = 200_000;
    const batch = await apply({ format: 'json' }, [`${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`, '{"b":1}']);
    expect(own(batch, 1)).toEqual({ b: '1' });
  });
});

describe('logfmt', () => {
  test.each<[string, object]>([
    ['level=info msg="it \\"works\\"" took=5ms', { level: 'info', msg: 'it "works"', took: '5ms' }],
    ['a= b="" c==d flag e=f=g', { a: '', b: '', c: '=d', e: 'f=g' }],
    ['started server port=80', { port: '80' }],
    ['bad="\\q"', { bad: '\\q' }],
    ['hello', { parse_error: 'no key=value' }],
    ['', { parse_error: 'no key=value' }],
    ['=a', { parse_error: 'no key=value' }],
    ['a=1 msg="open', { parse_error: 'a quote that is not closed' }],
  ])('%s', async (text, expected) => {
    expect(own(await apply({ format: 'logfmt' }, [text]))).toEqual(expected);
  });
});

test('regex: the named groups that took part', async () => {
  const options = { format: 'regex', pattern: '^(?P<level>\\w+)(?: id=(?<id>\\d+))?' };
  const batch = await apply(options, ['info id=5', 'warn', '?']);
  expect([0, 1, 2].map((i) => own(batch, i))).toEqual([
    { level: 'info', id: '5' },
    { level: 'warn' },
    { parse_error: 'no match' },
  ]);
});

describe('combined', () => {
  test.each<[string, object]>([
    [
      access,
      {
        client: '1.2.3.4',
        user: 'ann',
        timestamp: '22/Nov/2026:10:00:00 +0000',
        request: 'GET /a?b=1 HTTP/1.1',
        method: 'GET',
        url: '/a?b=1',
        protocol: 'HTTP/1.1',
        status: '200',
        size: '512',
        agent: 'curl/8 \\"x\\"',
      },
    ],
    [
      '::1 - - [t] "GET /" 404 -',
      { client: '::1', timestamp: 't', request: 'GET /', method: 'GET', url: '/', status: '404' },
    ],
    [
      '::1 - - [t] "\\x16\\x03" 400 0 "-" "-"',
      { client: '::1', timestamp: 't', request: '\\x16\\x03', status: '400', size: '0' },
    ],
    [
      '::1 - - [t] "GET / extra HTTP/1.1" 400 0',
      { client: '::1', timestamp: 't', request: 'GET / extra HTTP/1.1', status: '400', size: '0' },
    ],
    ['::1 - - [t] "-" 408 - "-" "-"', { client: '::1', timestamp: 't', status: '408' }],
    [
      '::1 - ä [t] "GET /ö HTTP/2" 200 5 "€" "-"',
      {
        client: '::1',
        user: 'ä',
        timestamp: 't',
        request: 'GET /ö HTTP/2',
        method: 'GET',
        url: '/ö',
        protocol: 'HTTP/2',
        status: '200',
        size: '5',
        referer: '€',
      },
    ],
    ['::1 - - [t] "GET / HTTP/1.1" 200', { parse_error: 'no access log' }],
    ['::1 - - [t] "GET / HTTP/1.1" 200 5 "open', { parse_error: 'no access log' }],
    ['nginx: started', { parse_error: 'no access log' }],
  ])('%s', async (text, expected) => {
    expect(own(await apply({ format: 'combined' }, [text]))).toEqual(expected);
  });
});

test('a record that cannot be parsed stays as it is, in its place', async () => {
  const batch = await apply({ format: 'json', message: 'msg' }, [
    '{"msg":"one"}',
    'no json',
    '{"level":"x"}',
    '{"msg":""}',
  ]);
  expect([...batch].map(({ text, offset }) => [text, offset])).toEqual([
    ['one', 0],
    ['no json', 1],
    ['{"level":"x"}', 2],
    ['', 3],
  ]);
  expect([...batch.columns]).toEqual(['level', 'parse_error']);
});

test('fields do not replace attributes, unless they may', async () => {
  const values = ['{"topic":"evil","path":"/x","level":"new"}', '{"level":"new"}', '{"a":1}'];
  const came = (await memoryBatch(values, { topic: 'app' })).withColumn(
    'level',
    new TextColumn(['old', undefined, 'old']),
  );
  const attributes = (batch: Batch) =>
    [...batch].map((record) => ['topic', 'path', 'level'].map((name) => record.attribute(name)));
  const kept = create({ format: 'json' }).apply(came) as Batch;
  expect(attributes(kept)).toEqual([
    ['app', '/var/log/test.log', 'old'],
    ['app', '/var/log/test.log', 'new'],
    ['app', '/var/log/test.log', 'old'],
  ]);
  expect(kept.varies('topic')).toBe(false);
  expect(attributes(create({ format: 'json', overwrite: true }).apply(came) as Batch)).toEqual([
    ['evil', '/x', 'new'],
    ['app', '/var/log/test.log', 'new'],
    ['app', '/var/log/test.log', 'old'],
  ]);
});

test('include, prefix, and a field to parse', async () => {
  const values = ['{"a":1,"path":2,"message":3}'];
  expect(own(await apply({ format: 'json', prefix: 'log.' }, values))).toEqual({
    'log.a': '1',
    'log.path': '2',
    'log.message': '3',
  });
  expect(own(await apply({ format: 'json', include: 'a, b' }, values))).toEqual({ a: '1' });
  expect(own(await apply({ format: 'logfmt', field: 'labels' }, ['x'], { labels: 'a=1 b=2' }))).toEqual({
    a: '1',
    b: '2',
  });
  expect(own(await apply({ format: 'json', field: 'labels' }, ['{}']))).toEqual({ parse_error: 'no attribute labels' });
});

test('a second parser says by itself whether it could', async () => {
  const first = await apply({ format: 'json' }, ['a=1', 'b=2']);
  expect(own(create({ format: 'logfmt' }).apply(first) as Batch)).toEqual({ a: '1' });
});

test('too many names cost no memory, and show', async () => {
  const context = fakeTransformContext();
  const transform = create({ format: 'json' }, context);
  const values = Array.from({ length: 2000 }, (_, i) => `{"a":1,"n${i}":1}`);
  const batch = transform.apply(await memoryBatch(values)) as Batch;
  expect([...batch.columns].length).toBe(256);
  expect(own(batch, 1999)).toEqual({ a: '1' });
  expect(context.degradedBy).toContain('too many different fields');
  transform.apply(await memoryBatch(['{"a":1}']));
  expect(context.degradedBy).toBe(null);
});

test.each<[object, string]>([
  [{ format: 'regex' }, '`format: regex` needs a `pattern`'],
  [{ format: 'json', pattern: '(?<a>x)' }, 'a `pattern` is for `format: regex`'],
  [{ format: 'regex', pattern: '(\\d+)' }, 'it names no groups'],
  [{ format: 'regex', pattern: '(?<a>x' }, 'Unterminated group at character 1:  >>> (?<a>x'],
])('%j is explained', (options, message) => {
  expect(definition.options.safeParse(options).error?.issues[0]?.message).toContain(message);
});

const name = string({ minLength: 1, maxLength: 8 }).filter(
  (text) => !/[.]/.test(text) && !['message', 'offset', 'parse_error', 'path', 'name', 'input', 'host'].includes(text),
);

test('property: what was written as JSON is parsed again', async () => {
  await assert(
    asyncProperty(array(dictionary(name, string())), async (records) => {
      const batch = await apply(
        { format: 'json' },
        records.map((record) => JSON.stringify(record)),
      );
      expect(records.map((_, i) => own(batch, i))).toEqual(records.map((record) => ({ ...record })));
    }),
  );
});

test('property: what was written as logfmt is parsed again', () => {
  const key = string({ unit: constantFrom('a', 'B', '_', '-', '.', '"', 'ä'), minLength: 1, maxLength: 5 });
  assert(
    property(dictionary(key, string(), { minKeys: 1 }), (record) => {
      const text = Object.entries(record)
        .map(([key, value]) => `${key}=${/^[\w/.-]*$/.test(value) ? value : JSON.stringify(value)}`)
        .join(' ');
      const found: Record<string, string> = {};
      const sink = {
        add: (name: string, value: string) => {
          found[name] = value;
        },
        addSlice: (name: string, from: number, to: number) => {
          found[name] = text.slice(from, to);
        },
      };
      expect(logfmt(text, sink)).toBe(undefined);
      expect(found).toEqual({ ...record });
    }),
  );
});

test('property: an access log is parsed as by a regular expression', async () => {
  const model =
    /^(?<client>\S+) \S+ (?<user>\S+) \[(?<timestamp>[^\]]+)\] "(?<request>(?:(?<method>[A-Z]+) (?<url>(?:[^\s"\\]|\\\S)+)(?: (?<protocol>HTTP\/(?:[^\s"\\]|\\\S)*))?(?="))?(?:[^"\\]|\\.)*)" (?<status>\d+|-) (?<size>\d+|-)(?=$| )(?! "(?!(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*"))(?: "(?<referer>(?:[^"\\]|\\.)*)" "(?<agent>(?:[^"\\]|\\.)*)")?/;
  const word = constantFrom('GET', '/a', 'HTTP/1.1', 'x y', '-', '\\"', '', 'ä', '200', 'get');
  const request = array(word, { maxLength: 4 }).map((words) => words.join(' '));
  const number = constantFrom('200', '-', '5', '', 'x');
  await assert(
    asyncProperty(request, number, number, array(word, { maxLength: 3 }), async (request, status, size, rest) => {
      const tail = rest.map((each) => ` "${each}"`).join('');
      const line = `::1 - ann [t] "${request}" ${status} ${size}${tail}`;
      const groups = model.exec(line)?.groups;
      const expected = groups
        ? Object.fromEntries(Object.entries(groups).filter(([, value]) => value !== undefined && value !== '-'))
        : { parse_error: 'no access log' };
      expect(own(await apply({ format: 'combined' }, [line]))).toEqual(expected);
    }),
    { numRuns: 1000 },
  );
});

test('bytes that are no text are U+FFFD in fields, as in the text', async () => {
  const odd = Buffer.concat([Buffer.from('a=x'), Buffer.from([0xff, 0x20]), Buffer.from('b=y')]);
  const batch = create({ format: 'logfmt' }).apply(await memoryBatch([odd])) as Batch;
  expect(own(batch)).toEqual({ a: 'x\ufffd', b: 'y' });
});

test('values stay right when records are picked, dropped and changed behind it', async () => {
  const batch = await apply({ format: 'logfmt', message: 'msg' }, ['a=1 msg=one', 'a=ä msg="two words"', 'x', 'a=3']);
  const picked = batch.select(Uint32Array.of(1, 3)).mapText((text) => text.toUpperCase());
  expect([...picked].map((record) => [record.text, record.attribute('a')])).toEqual([
    ['TWO WORDS', 'ä'],
    ['A=3', '3'],
  ]);
});

test.each<[object, string[] | undefined]>([
  [{ format: 'json' }, undefined],
  [{ format: 'logfmt', prefix: 'x_' }, undefined],
  [{ format: 'json', include: ['level', 'offset'], prefix: '' }, ['level']],
  [{ format: 'regex', pattern, prefix: 'x_', message: 'rest' }, ['x_level']],
  [{ format: 'combined', include: ['status', 'no such'] }, ['status']],
])('which attributes are known beforehand: %o', (options, known) => {
  expect(definition.sets!(definition.options.parse(options))).toEqual(known && ['parse_error', ...known]);
});

test('combined: what is known beforehand is what may be found', async () => {
  const line = '1.2.3.4 - ann [22/Nov/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 512 "http://b" "curl/8"';
  const found = Object.keys(own(await apply({ format: 'combined' }, [line])));
  expect(definition.sets!(definition.options.parse({ format: 'combined' }))).toEqual(['parse_error', ...found]);
});
