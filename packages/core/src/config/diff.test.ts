import type { Edge, Plan } from '@logcatch/plugin-api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { definitions, resolve } from './fixtures/definitions.ts';
import { type Desired, type DesiredComponent, diff, isEmpty, type Kind, needsRestart } from './index.ts';

const nothing: Plan = {
  add: [],
  change: [],
  retag: [],
  remove: [],
  relink: [],
  sources: { add: [], change: [], remove: [] },
  settings: [],
};
const plan = (before: string, after: string): Plan => diff(resolve(before), resolve(after));
const base = `
inputs:
  a: { type: tail, paths: /a, attributes: { t: x } }
  b: { type: tail, paths: /b }
transforms:
  t: { type: drop }
outputs:
  o: { type: console }
`;

describe('diff', () => {
  test.each([
    ['nothing changed', (text: string) => text, {}],
    [
      'keys in another order, comments',
      (text: string) =>
        text.replace('type: tail, paths: /a', 'paths: /a, type: tail').replace('outputs:', 'outputs: # c'),
      {},
    ],
    ['another option', (text: string) => text.replace('/a,', '/x,'), { change: ['a'] }],
    ['another attribute', (text: string) => text.replace('t: x', 't: y'), { retag: ['a'] }],
    [
      'an option and an attribute',
      (text: string) => text.replace('/a, attributes: { t: x }', '/x, attributes: { t: y }'),
      { change: ['a'] },
    ],
    [
      'a new input',
      (text: string) => text.replace('transforms:', '  c: { type: tail, paths: /c }\ntransforms:'),
      { add: ['c'] },
    ],
    ['an input removed', (text: string) => text.replace(/ {2}b: .*\n/, ''), { remove: ['b'] }],
    ['another type', (text: string) => text.replace('console', 'odd'), { change: ['o'], relink: ['t'] }],
    [
      'an output that is not required any more',
      (text: string) => text.replace('console', 'console, required: false'),
      { change: ['o'], relink: ['t'] },
    ],
    [
      'another queue',
      (text: string) => text.replace('console', 'console, queue: { max_records: 5 }'),
      { change: ['o'], relink: ['t'] },
    ],
    [
      'a transform removed',
      (text: string) => text.replace(/ {2}t: \{ type: drop.*\n/, ''),
      { remove: ['t'], relink: ['a', 'b'] },
    ],
    [
      'another way for one input',
      (text: string) => text.replace('drop }', 'drop, inputs: [a] }').replace('console', 'console, inputs: [t, b]'),
      { relink: ['b'] },
    ],
    [
      'an attribute and another way',
      (text: string) =>
        text
          .replace('t: x', 't: y')
          .replace('drop }', 'drop, inputs: [b] }')
          .replace('console', 'console, inputs: [t, a]'),
      { retag: ['a'], relink: ['a'] },
    ],
    ['another port', (text: string) => `http: 9600\n${text}`, { settings: ['http'] }],
    ['another limit', (text: string) => `max_bytes: 2MiB\n${text}`, { settings: ['max_bytes'] }],
  ])('%s', (_case, edit, expected) => {
    expect(plan(base, edit(base))).toEqual({ ...nothing, ...expected });
  });

  test('an entry of each whose topic changed keeps its id', () => {
    const file = (topic: string) =>
      base.replace(
        'b: { type: tail, paths: /b }',
        `b: { type: tail, each: [{ p: /1, t: x }, { p: /2, t: ${topic} }], paths: "\${each.p}", attributes: { t: "\${each.t}" } }`,
      );
    const { retag, ...rest } = plan(file('x'), file('y'));
    expect(retag).toEqual([expect.stringMatching(/^b\/[0-9a-f]{8}$/)]);
    expect(rest).toEqual({
      add: [],
      change: [],
      remove: [],
      relink: [],
      sources: { add: [], change: [], remove: [] },
      settings: [],
    });
  });
});

describe('needsRestart', () => {
  const lines = (before: string, after: string) =>
    needsRestart(resolve(before), resolve(after)).map((error) => error.describe());

  test('says which keys, and where', () => {
    expect(lines(base, base)).toEqual([]);
    expect(lines(base, `shutdown_timeout: 1s${base}`)).toEqual([]);
    expect(lines(base, `name: q\ndata_dir: ./d\nplugins: [./x.ts]\nagent_id: z${base}`)).toEqual([
      'p.yaml:1:1 LC_CONFIG_NEEDS_RESTART name: it changed from "p" to "q": this needs a restart. Restart the agent to apply it.',
      'p.yaml:4:1 LC_CONFIG_NEEDS_RESTART agent_id: it changed from nothing to "z": this needs a restart. Restart the agent to apply it.',
      expect.stringMatching(
        /^p\.yaml:2:1 LC_CONFIG_NEEDS_RESTART data_dir: it changed from ".*\/\.logcatch\/p" to ".*\/d"/,
      ),
      expect.stringMatching(/^p\.yaml:3:1 LC_CONFIG_NEEDS_RESTART plugins: it changed from \[\] to \["\.\/x\.ts"\]/),
    ]);
  });

  test('a data_dir that follows from the name is not said twice', () => {
    expect(lines(base, `name: q${base}`)).toEqual([expect.stringContaining('NEEDS_RESTART name:')]);
  });
});

/** Any desired state with ids of a small alphabet, so that states share some. */
const desired = fc
  .uniqueArray(
    fc.record({
      id: fc.constantFrom(...'abcdefgh'),
      kind: fc.constantFrom<Kind>('input', 'transform', 'output'),
      resolved: fc.constantFrom({}, { x: 1 }, { x: [1, { y: 2 }] }, { x: 2 }),
      attributes: fc.constantFrom({}, { t: 'x' }, { t: 'y' }),
      required: fc.boolean(),
    }),
    { selector: ({ id }) => id, maxLength: 8 },
  )
  .chain((components) => {
    const ids = components.map(({ id }) => id);
    const id = ids.length > 0 ? fc.constantFrom(...ids) : fc.constant('');
    const edge = fc.record({ from: id, to: id });
    return fc.record({
      components: fc.constant(components),
      edges: ids.length > 0 ? fc.array(edge, { maxLength: 8 }) : fc.constant([]),
    });
  })
  .map(({ components, edges }): Desired => {
    const origin = { file: 'p.yaml' };
    const all = components.map(
      (one): DesiredComponent => ({
        ...one,
        type: one.kind,
        definition: definitions[0]!,
        options: one.resolved,
        remote: false,
        origin,
      }),
    );
    return {
      file: '/p.yaml',
      name: 'p',
      dataDir: '/d',
      plugins: [],
      shutdownTimeout: 1,
      maxBytes: 1,
      inputs: all.filter(({ kind }) => kind === 'input'),
      transforms: all.filter(({ kind }) => kind === 'transform'),
      outputs: all.filter(({ kind }) => kind === 'output'),
      edges: edges as Edge[],
      sources: [],
      waiting: [],
      warnings: [],
      waitingEdges: [],
      origins: { name: origin, agent_id: origin, data_dir: origin, plugins: origin },
    };
  });
const componentsOf = ({ inputs, transforms, outputs }: Desired) =>
  new Map([...inputs, ...transforms, ...outputs].map((one) => [one.id, one]));

test('a plan, carried out on what runs, gives what is desired', () => {
  fc.assert(
    fc.property(desired, desired, (before, after) => {
      const { add, change, retag, remove, relink } = diff(before, after);
      const running = componentsOf(before);
      const wanted = componentsOf(after);
      for (const id of remove) expect(running.delete(id)).toBe(true);
      for (const id of add) expect(running.has(id)).toBe(false);
      for (const id of [...change, ...retag, ...relink]) expect(running.has(id)).toBe(true);
      for (const id of [...add, ...change]) running.set(id, wanted.get(id)!);
      for (const id of retag) running.set(id, { ...running.get(id)!, attributes: wanted.get(id)!.attributes });
      expect([...running.keys()].toSorted()).toEqual([...wanted.keys()].toSorted());
      for (const [id, one] of running) expect({ ...one, options: null }).toEqual({ ...wanted.get(id), options: null });

      // Whoever is neither rebuilt nor linked anew must already lead where it shall, to components that stay.
      const anew = new Set([...add, ...change, ...relink]);
      const ways = ({ edges }: Desired, id: string) =>
        [...new Set(edges.filter(({ from }) => from === id).map(({ to }) => to))].toSorted();
      for (const id of running.keys()) {
        if (anew.has(id)) continue;
        expect(ways(before, id)).toEqual(ways(after, id));
        for (const to of ways(after, id)) expect([...add, ...change]).not.toContain(to);
      }
      const lists = [add, change, remove, retag.filter((id) => !relink.includes(id)), relink];
      expect(new Set(lists.flat()).size).toBe(lists.flat().length);
    }),
  );
});

test('what does not change has an empty plan', () => {
  fc.assert(
    fc.property(desired, (state) => {
      expect(diff(state, structuredClone({ ...state, inputs: [], transforms: [], outputs: [] }))).toMatchObject({
        add: [],
        change: [],
      });
      expect(isEmpty(diff(state, state))).toBe(true);
    }),
  );
});
