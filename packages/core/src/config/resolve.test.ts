import fc from 'fast-check';
import { expect, test } from 'vitest';
import { errorsOf, resolve, scope, withInputs } from './fixtures/definitions.ts';
import { ConfigErrors, parseDocument, pluginsOf, resolveDocument } from './index.ts';

test('a small file, with every default', () => {
  const desired = resolve('inputs: { app: { type: tail, paths: /a.log } }\noutputs: { out: { type: console } }');
  expect(desired).toMatchObject({
    name: 'p',
    plugins: [],
    shutdownTimeout: 5_000,
    maxBytes: 32 * 2 ** 20,
    inputs: [
      {
        kind: 'input',
        id: 'app',
        type: 'tail',
        options: { paths: ['/a.log'] },
        resolved: { paths: '/a.log' },
        attributes: {},
      },
    ],
    transforms: [],
    outputs: [{ kind: 'output', id: 'out', required: true, origin: { file: 'p.yaml', line: 2, column: 12 } }],
    edges: [{ from: 'app', to: 'out' }],
  });
  expect(desired.dataDir).toBe(`${process.cwd()}/.logcatch/p`);
  expect(desired).not.toHaveProperty('agentId');
  expect(desired.outputs[0]).not.toHaveProperty('maxRecords');
});

test('the options of a type that a plugin of the file offers are shown with the file', () => {
  const types = { ...scope, isBundled: () => false };
  const text = 'inputs: { a: { type: tail } }\noutputs: { o: { type: console } }\n';
  expect(errorsOf(text, types)).toEqual([expect.stringContaining('See `pipeline plugins tail --file p.yaml`.')]);
});

test('http: what is wrong with it is told at its place, and its token is never shown', () => {
  const rest = 'inputs: { a: { type: tail, paths: x } }\noutputs: { o: { type: console } }\n';
  const of = (http: string) => errorsOf(`http: ${http}\n${rest}`);
  expect(of('0.0.0.0:9600')).toEqual([
    expect.stringMatching(/^p.yaml:1:7 LC_CONFIG_VALUE http: it listens beyond this host, .* give it a token/),
  ]);
  for (const wrong of ['yes please', 'true'])
    expect(of(wrong)).toEqual([
      'p.yaml:1:7 LC_CONFIG_VALUE http: it takes a port, or an address with a port: 9600, 127.0.0.1:9600, [::1]:9600.',
    ]);
  expect(of('{ listen: 9600, tokn: hunter2 }')).toEqual([
    'p.yaml:1:23 LC_CONFIG_UNKNOWN_KEY http.tokn: unknown key "tokn", did you mean "token"?',
  ]);
  expect(of('{ listen: 9600, token: [hunter2] }')).toEqual([
    'p.yaml:1:30 LC_CONFIG_VALUE http.token: expected text or a map, got a list (hidden: it is a secret).',
  ]);
  expect(of('{ listen: 9600, token: "hunter2${b" }').join()).not.toContain('hunter2');
});

test('all errors at once, in the order of the file', () => {
  const file = `nme: prod
shutdown_timeout: 5 sec
max_bytes: 10
inputs:
  app:
    type: tail
    path: [/var/log/a.log]
    from: ende
    attributes: { topic: t, host: x, "a b": 1, list: [1], none: }
  web: { type: tial, paths: x }
  sys: { type: kafka }
  none: {}
  txt: hello
  "a.b": { type: tail, paths: x }
transforms:
  blank: { type: drop, foo: 1 }
outputs:
  kafka:
    type: kafka
    broker: localhost:9092
    acks: 2
    linger: 5 sec
    stuck: { dead_letter_aftr: 5s }
    sasl: { mechanism: plane, user: u, password: hunter2 }
    queue: { maxRecords: 5 }
    required: maybe
  k2: { type: kafka, brokers: [], topic: 2024, stuck: wiat, sasl: { mechanism: token } }
  odd: { type: odd, throws: true }
  odd2: { type: odd, template: x }
`;
  expect(errorsOf(file)).toEqual([
    'p.yaml:1:1 LC_CONFIG_UNKNOWN_KEY nme: unknown key "nme", did you mean "name"?',
    'p.yaml:2:19 LC_CONFIG_VALUE shutdown_timeout: a duration looks like 5s, got "5 sec".',
    'p.yaml:3:12 LC_CONFIG_VALUE max_bytes: it must be at least 1MiB.',
    'p.yaml:5:3 LC_CONFIG_VALUE inputs.app.paths: "paths" is missing; it takes a list or text. See `pipeline plugins tail`.',
    'p.yaml:7:5 LC_CONFIG_UNKNOWN_KEY inputs.app.path: unknown key "path", did you mean "paths"?',
    'p.yaml:8:11 LC_CONFIG_VALUE inputs.app.from: expected "beginning" or "end", got "ende", did you mean "end"? See `pipeline plugins tail`.',
    'p.yaml:9:29 LC_CONFIG_VALUE inputs.app.attributes.host: the attribute "host" is built in. Choose another name.',
    'p.yaml:9:38 LC_CONFIG_VALUE inputs.app.attributes["a b"]: no template could name the attribute "a b". Use letters, digits, "_", "." and "-".',
    'p.yaml:9:54 LC_CONFIG_VALUE inputs.app.attributes.list: expected text, a number or a boolean, got a list.',
    'p.yaml:9:65 LC_CONFIG_VALUE inputs.app.attributes.none: expected text, a number or a boolean, got nothing.',
    'p.yaml:10:16 LC_CONFIG_UNKNOWN_TYPE inputs.web.type: no plugin offers an input of type "tial", did you mean "tail"? See `pipeline plugins` for the types there are, or name a plugin file under `plugins:`.',
    'p.yaml:11:16 LC_CONFIG_UNKNOWN_TYPE inputs.sys.type: "kafka" is a type of outputs, not of inputs. Move it under `outputs:`.',
    'p.yaml:12:3 LC_CONFIG_VALUE inputs.none.type: "type" is missing; it takes the type of an input. There are: once, tail.',
    'p.yaml:13:8 LC_CONFIG_VALUE inputs.txt: expected a map with a `type:`, got "hello".',
    'p.yaml:14:3 LC_CONFIG_VALUE inputs["a.b"]: "a.b" is no id: it takes letters, digits, "_" and "-", and begins with a letter or digit. Rename the component.',
    'p.yaml:16:24 LC_CONFIG_UNKNOWN_KEY transforms.blank.foo: unknown key "foo". Valid keys: inputs, type.',
    'p.yaml:18:3 LC_CONFIG_VALUE outputs.kafka.brokers: "brokers" is missing; it takes a list or text. See `pipeline plugins kafka`.',
    'p.yaml:18:3 LC_CONFIG_VALUE outputs.kafka.topic: "topic" is missing; it takes text. See `pipeline plugins kafka`.',
    'p.yaml:20:5 LC_CONFIG_UNKNOWN_KEY outputs.kafka.broker: unknown key "broker", did you mean "brokers"?',
    'p.yaml:21:11 LC_CONFIG_VALUE outputs.kafka.acks: expected "all" or 1, got 2. See `pipeline plugins kafka`.',
    'p.yaml:22:13 LC_CONFIG_VALUE outputs.kafka.linger: a duration looks like 5s, got "5 sec". See `pipeline plugins kafka`.',
    'p.yaml:23:5 LC_CONFIG_VALUE outputs.kafka.stuck.dead_letter_after: "dead_letter_after" is missing; it takes a number or text. See `pipeline plugins kafka`.',
    'p.yaml:23:14 LC_CONFIG_UNKNOWN_KEY outputs.kafka.stuck.dead_letter_aftr: unknown key "dead_letter_aftr", did you mean "dead_letter_after"?',
    'p.yaml:24:24 LC_CONFIG_VALUE outputs.kafka.sasl.mechanism: expected "plain" or "token", got "plane", did you mean "plain"? See `pipeline plugins kafka`.',
    'p.yaml:25:14 LC_CONFIG_UNKNOWN_KEY outputs.kafka.queue.maxRecords: unknown key "maxRecords", did you mean "max_records"?',
    'p.yaml:26:15 LC_CONFIG_VALUE outputs.kafka.required: expected true or false, got "maybe".',
    'p.yaml:27:31 LC_CONFIG_VALUE outputs.k2.brokers: expected at least 1 entry, got an empty list. See `pipeline plugins kafka`.',
    'p.yaml:27:42 LC_CONFIG_VALUE outputs.k2.topic: expected text, got 2024. Put it in quotes: "2024".',
    'p.yaml:27:55 LC_CONFIG_VALUE outputs.k2.stuck: expected "wait" or a map, got "wiat", did you mean "wait"? See `pipeline plugins kafka`.',
    'p.yaml:27:61 LC_CONFIG_VALUE outputs.k2.sasl.token: "token" is missing; it takes text or a map. See `pipeline plugins kafka`.',
    'p.yaml:28:3 LC_PLUGIN_THREW outputs.odd: the schema of the options threw: by design. Ask the author of the plugin: a schema must be synchronous, and must not throw.',
    'p.yaml:29:32 LC_CONFIG_TEMPLATE outputs.odd2.template: unreadable. Templates look like `{{ name }}` or `{{ name:-default }}`.',
  ]);
});

test.each([
  [
    'a: 1',
    [
      expect.stringContaining(
        'a: unknown key "a". Valid keys: agent_id, config, data_dir, http, inputs, max_bytes, name,',
      ),
      'p.yaml:1:1 LC_CONFIG_VALUE inputs: a pipeline needs at least one input. Add one under `inputs:`.',
      'p.yaml:1:1 LC_CONFIG_VALUE outputs: a pipeline needs at least one output. Add one under `outputs:`.',
    ],
  ],
  [
    'inputs: { a: { type: tail, paths: x } }\noutputs:',
    ['p.yaml:2:1 LC_CONFIG_VALUE outputs: a pipeline needs at least one output. Add one under `outputs:`.'],
  ],
  [
    `name: ../x\n${withInputs('a: { type: tail, paths: x }')}`,
    [
      'p.yaml:1:7 LC_CONFIG_VALUE name: it must begin with a letter or digit, and hold only those, ". _ -" and spaces, got "../x".',
    ],
  ],
])('%j is refused', (text, errors) => {
  expect(errorsOf(text)).toEqual(errors);
});

test('plugins are paths and names, as they stand', () => {
  const plugins = (text: string) => pluginsOf(parseDocument('p.yaml', text));
  expect(plugins('name: x')).toEqual([]);
  expect(plugins('plugins: [./a.ts, logcatch-b]').map(({ specifier }) => specifier)).toEqual(['./a.ts', 'logcatch-b']);
  expect(() => plugins('plugins: ./a.ts')).toThrow(
    'p.yaml:1:10 LC_CONFIG_VALUE plugins: expected a list of paths and npm names, got "./a.ts".',
  );
  expect(() => plugins('plugins: [./a.ts, 3, ./a.ts, "${env.X}"]')).toThrow(
    [
      'p.yaml:1:19 LC_CONFIG_VALUE plugins[1]: expected a path or an npm name, got 3.',
      'p.yaml:1:22 LC_CONFIG_VALUE plugins[2]: "./a.ts" is listed twice. Remove one of them.',
      'p.yaml:1:30 LC_CONFIG_VALUE plugins[3]: `${}` is not resolved here. Write the path or the npm name itself.',
    ].join('\n'),
  );
});

test('what a hook put there has the place of its nearest ancestor', () => {
  const document = parseDocument('p.yaml', withInputs('a:\n  type: tail\n  paths: x'));
  const value = structuredClone(document.value) as { inputs: { a: Record<string, unknown> } };
  value.inputs.a.chunk = { deep: [() => 1] };
  expect(() => resolveDocument(document, value, scope)).toThrow(
    'p.yaml:3:5 LC_CONFIG_VALUE inputs.a.chunk.deep[0]: a function is not data.',
  );
  const round: unknown[] = [];
  round.push(round);
  expect(() => resolveDocument(document, { round }, scope)).toThrow('nested more than 64 deep');
});

/** Keys and values that a pipeline file has, mixed with any others. */
const word = fc.oneof(
  fc.constantFrom(
    'type',
    'each',
    'id',
    'paths',
    'inputs',
    'outputs',
    'attributes',
    'queue',
    'max_records',
    'required',
    'brokers',
    'topic',
    'sasl',
    'stuck',
    '__proto__',
    'constructor',
    'tail',
    'kafka',
    'route',
    'a',
    'b',
    'a.errors',
  ),
  fc.string({ maxLength: 6 }),
);
const text = fc.oneof(
  word,
  fc.constantFrom(
    '${each}',
    '${each.key}',
    '${env.COUNT:-${host}}',
    '${',
    '$${x}',
    '{{ a }}',
    '{{',
    '${a:-}',
    '${env.__proto__}',
    '${each.constructor.name}',
  ),
);
const { value: anything } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.constant(undefined),
    tie('list'),
    tie('map'),
  ),
  list: fc.array(tie('value'), { maxLength: 3 }),
  map: fc.dictionary(word, tie('value'), { maxKeys: 4 }),
}));
const component = fc.oneof(
  anything,
  fc.record(
    {
      type: text,
      each: anything,
      paths: anything,
      inputs: anything,
      brokers: anything,
      topic: text,
      sasl: anything,
      stuck: anything,
      attributes: anything,
      id: text,
    },
    { requiredKeys: [] },
  ),
);
/** Sections that are mostly right, so that some whole files are. */
const section = (ids: string, right: fc.Arbitrary<unknown>) =>
  fc.oneof(
    { weight: 1, arbitrary: anything },
    { weight: 2, arbitrary: fc.dictionary(word, component, { maxKeys: 3 }) },
    { weight: 20, arbitrary: fc.dictionary(fc.constantFrom(...ids), right, { minKeys: 1, maxKeys: 2 }) },
  );
const entries = fc.oneof(
  fc.array(fc.string({ maxLength: 2 }), { maxLength: 3 }),
  fc.dictionary(word, fc.string(), { maxKeys: 3 }),
);
const references = fc.array(fc.constantFrom('a', 'b', 't', 'u', 'u.errors', 'u.rest'), { minLength: 1, maxLength: 3 });
const inputs = section(
  'ab',
  fc.oneof(
    fc.record({ type: fc.constant('tail'), paths: word }),
    fc.record(
      { type: fc.constant('tail'), paths: fc.constantFrom('x${each}', 'x${each.value}', 'x'), each: entries, id: text },
      { requiredKeys: ['type', 'paths', 'each'] },
    ),
  ),
);
/** With `inputs:` everywhere, or nowhere: half of each would hardly ever be right. */
const wired = (said: boolean) => {
  const reads: { inputs?: fc.Arbitrary<string[]> } = said ? { inputs: references } : {};
  return {
    inputs,
    transforms: section(
      'tu',
      fc.oneof(
        { weight: 3, arbitrary: fc.record({ type: fc.constant('drop'), ...reads }) },
        { weight: 1, arbitrary: fc.record({ type: fc.constant('route'), pattern: text, ...reads }) },
      ),
    ),
    outputs: section('op', fc.record({ type: fc.constant('console'), ...reads })),
  };
};
const file = fc.oneof(
  { weight: 1, arbitrary: anything },
  { weight: 2, arbitrary: fc.record({ name: anything, plugins: anything, max_bytes: anything, ...wired(true) }) },
  { weight: 5, arbitrary: fc.record(wired(true), { requiredKeys: ['inputs', 'outputs'] }) },
  { weight: 5, arbitrary: fc.record(wired(false), { requiredKeys: ['inputs', 'outputs'] }) },
);

test('whatever a document holds, it gives a desired state or ConfigErrors', () => {
  const document = parseDocument('p.yaml', 'inputs: {}');
  let valid = 0;
  fc.assert(
    fc.property(file, (value) => {
      try {
        const { inputs, transforms, outputs, edges } = resolveDocument(document, value, scope);
        valid += 1;
        const ids = [...inputs, ...transforms, ...outputs].map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
        for (const { from, to } of edges) expect(ids).toEqual(expect.arrayContaining([from, to]));
        for (const { id } of [...inputs, ...transforms]) expect(edges.map(({ from }) => from)).toContain(id);
      } catch (error) {
        if (!(error instanceof ConfigErrors)) throw error;
        expect(error.errors.length).toBeGreaterThan(0);
      }
    }),
    { numRuns: 3_000 },
  );
  // Else the property would say little.
  expect(valid).toBeGreaterThan(100);
});

test('whatever a file holds, it gives a document or ConfigErrors', () => {
  const token = fc.oneof(
    fc.constantFrom(
      'a',
      ': ',
      '\n',
      '  ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      ', ',
      '&x ',
      '*x',
      '<<',
      '!t ',
      '"',
      "'",
      '|',
      '>',
      '#',
      '---',
      '\t',
      '? ',
      '${a}',
      '{{ b }}',
      '0x',
      '.inf',
      'null',
    ),
    fc.string({ maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 30 }), (tokens) => {
      try {
        const document = parseDocument('p.yaml', tokens.join(''));
        resolveDocument(document, document.value, scope);
      } catch (error) {
        if (!(error instanceof ConfigErrors)) throw error;
        for (const { origin } of error.errors) expect(origin?.line).toBeGreaterThan(0);
      }
    }),
    { numRuns: 3_000 },
  );
});
