import { expect, test } from 'vitest';
import { parsePrometheus } from '../fixtures/prometheus.ts';
import { Scene, until } from '../fixtures/scene.ts';
import { statusOf } from './agent-status.ts';
import { metrics } from './metrics.ts';
import { metricsText } from './metrics-text.ts';

const scene = new Scene();
const simple = `
inputs: { app: { type: memory, streams: [a] } }
transforms: { upper: { type: upper } }
outputs: { out: { type: memory } }
`;

const told = () => parsePrometheus(metricsText(statusOf(scene.world.agent!)));
const figure = (name: string, labels: Readonly<Record<string, string>> = {}) =>
  [...told().values()]
    .flatMap(({ series }) => series)
    .find((one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value))
    ?.value;

test('a strict reader takes every metric, with the numbers of the status', async () => {
  scene.world.add('a', 'one', 'BAD');
  await scene.world.start(simple);
  const app = { component: 'app' };
  await until(() => expect(figure('logcatch_input_settle_duration_seconds_count', app)).toBe(1));
  expect(figure('logcatch_info', { name: 'test' })).toBe(1);
  expect(figure('logcatch_component_state', { ...app, kind: 'input', state: 'running' })).toBe(1);
  expect(figure('logcatch_component_state', { ...app, state: 'failed' })).toBe(0);
  expect(figure('logcatch_component_sent_records_total', app)).toBe(2);
  expect(figure('logcatch_component_sent_records_total', { component: 'out' })).toBe(1);
  expect(figure('logcatch_output_refused_records_total', { verdict: 'dead_letter' })).toBe(1);
  const [discovered, delivered, lettered, pending] = [
    figure('logcatch_input_discovered_bytes_total', app),
    figure('logcatch_input_delivered_bytes_total', app),
    figure('logcatch_input_undelivered_bytes_total', { ...app, account: 'dead_lettered' }),
    figure('logcatch_input_pending_bytes', app),
  ];
  expect([discovered, delivered, lettered, pending]).toEqual([2, 1, 1, 0]);
  expect(figure('logcatch_input_oldest_unsettled_age_seconds', app)).toBe(0);
});

test('entries of an each are one component: their figures add up, of ages the highest counts', async () => {
  scene.world.hanging.add('out');
  scene.world.add('a', 'one');
  scene.world.add('b', 'two');
  await scene.world.start(simple.replace('streams: [a]', 'each: { x: a, y: b }, streams: ["${each.value}"]'));
  const app = { component: 'app' };
  await until(() => expect(figure('logcatch_input_lag_bytes', app)).toBe(2));
  expect(figure('logcatch_component_state', { ...app, state: 'running' })).toBe(2);
  const status = statusOf(scene.world.agent!);
  const ages = status.components.flatMap(({ input }) =>
    input?.oldestAt ? [(status.at - input.oldestAt) / 1_000] : [],
  );
  const [, text] = /oldest_unsettled_age_seconds{component="app"} (\S+)/.exec(metricsText(status))!;
  expect(ages).toHaveLength(2);
  expect(Number(text)).toBe(Math.max(...ages));
});

test('an entry that goes takes nothing of what was counted with it, and one that comes back goes on', async () => {
  scene.world.add('a', 'one');
  scene.world.add('b', 'two');
  const each = (entries: string) => simple.replace('streams: [a]', `each: ${entries}, streams: ["\${each.value}"]`);
  const agent = await scene.world.start(each('{ x: a, y: b }'));
  const settled = () => figure('logcatch_input_settle_duration_seconds_count', { component: 'app' });
  const counters = () => {
    const text = metricsText(statusOf(agent));
    const lines = text.matchAll(/^(\w+(?:_total|_count|_bucket)\{component="app".*) (\S+)$/gm);
    return new Map([...lines].map(([, name, value]) => [name!, Number(value)]));
  };
  await until(() => expect(settled()).toBe(2));
  for (const entries of ['{ x: a }', '{ x: a, y: b }']) {
    const before = counters();
    scene.world.configure(each(entries));
    expect(await agent.reloadFile()).toMatchObject({ result: 'applied' });
    const after = counters();
    expect([...before].filter(([name, value]) => !(after.get(name)! >= value))).toEqual([]);
    expect(settled()).toBe(2);
  }
});

test('of entries that come and go for ever there stays one sum', async () => {
  const each = (name: string) =>
    simple.replace('streams: [a]', `each: { ${name}: ${name} }, streams: ["\${each.value}"]`);
  scene.world.add('e0', 'one');
  const agent = await scene.world.start(each('e0'));
  const sent = () => figure('logcatch_component_sent_records_total', { component: 'app' });
  for (let i = 1; i <= 5; i++) {
    await until(() => expect(sent()).toBe(i));
    scene.world.add(`e${i}`, 'one');
    scene.world.configure(each(`e${i}`));
    expect(await agent.reloadFile()).toMatchObject({ result: 'applied' });
  }
  expect([...agent.pipeline.removed.keys()]).toEqual(['app']);
  expect(figure('logcatch_input_discoveries_total', { component: 'app', event: 'found' })).toBe(6);
});

test('labels and help are escaped', async () => {
  const agent = await scene.world.start(simple);
  const status = { ...statusOf(agent), agentId: 'a"b\\c\nd' };
  const { series } = parsePrometheus(metricsText(status)).get('logcatch_info')!;
  expect(series[0]!.labels.agent_id).toBe('a"b\\c\nd');
});

test('figures that a plugin makes of itself are taken as they come', async () => {
  const agent = await scene.world.start(simple);
  const status = statusOf(agent);
  const lanes = [
    { topic: 't', partition: 0, queued_bytes: 5, stuck: true },
    { topic: 't', partition: 1, queued_bytes: 'many' },
  ];
  const components = status.components.map((one) =>
    one.output ? { ...one, output: { ...one.output, details: { lanes } } } : one,
  );
  const text = metricsText({ ...status, components });
  parsePrometheus(text);
  expect(text).toContain('logcatch_output_lanes{component="out"} 2\n');
  expect(text).toContain('logcatch_output_lanes_stuck{component="out"} 1\n');
  expect(text).toContain('logcatch_output_lanes_queued_bytes{component="out"} 5\n');
});

test('names are unique and say their prefix, and labels are few', () => {
  expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length);
  for (const { name, labels } of metrics) {
    expect(name).toMatch(/^(logcatch|process)_/);
    expect(labels).not.toContain('path');
  }
});
