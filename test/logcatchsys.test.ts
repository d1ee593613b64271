import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { consumeAll, flat, type TopicContent, uniqueTopic, waitForRecords } from './servers/index.ts';
import { describeWith, kafka } from './servers/require.ts';
import { pipelineFile, repository, startAgent, temporaryFolder } from './support/agent.ts';
import { handlesOf, untilOpen } from './support/handles.ts';
import { Load, valuesByKey } from './support/load.ts';

const deadline = 60_000;

/** A tail that throws at the batch it has just read, once, when there is a file `<path>.throw`. */
const fragile = `
import { existsSync, rmSync } from 'node:fs';
import { defineInput } from '@logcatch/plugin-api';
import fileTail from '${repository}/plugins/input-file-tail/src/index.ts';

const { options, create } = fileTail.definition;
export default defineInput({
  type: 'fragile-tail',
  description: 'file-tail that throws on demand.',
  options,
  create(values, context) {
    const bomb = context.resolve(values.paths[0]) + '.throw';
    const tail = create(values, context);
    const read = tail.read.bind(tail);
    tail.read = async (signal) => {
      const batch = await read(signal);
      if (!batch || !existsSync(bomb)) return batch;
      rmSync(bomb);
      batch.chunk.release();
      throw new Error('the tail broke');
    };
    return tail;
  },
});
`;

/** The files of `pipelines/`, with a topic of our own, which nobody has created. */
function setUp(names: readonly string[], edit = (yaml: string) => yaml) {
  const { brokers } = kafka();
  const folder = realpathSync(temporaryFolder());
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  const load = new Load(logs, names);
  const topic = uniqueTopic('logcatchsys');
  const yaml = readFileSync(join(repository, 'pipelines/logcatchsys.yaml'), 'utf8');
  const file = pipelineFile(folder, edit(yaml.replace('topic: logcatchsys', `topic: ${topic}`)), 'logcatchsys.yaml');
  const watch = (map: Readonly<Record<string, string>> | string) =>
    writeFileSync(
      join(folder, 'watch.yaml'),
      typeof map === 'string'
        ? map
        : Object.entries(map)
            .map(([name, log]) => `${name}: ./logs/${log}.log\n`)
            .join('') || '{}',
    );
  const start = (...flags: string[]) => startAgent(file, flags, { env: { KAFKA_BROKERS: brokers.join(',') } });
  return { brokers, folder, logs, load, topic, watch, start, path: (name: string) => load.path(name) };
}

/** `partition:offset` of every record that the debug log says was written. */
function written(log: string): string[] {
  return log.split('\n').flatMap((line) => {
    if (!line.includes('"message":"written"')) return [];
    const { partition, offset, records } = JSON.parse(line);
    return Array.from({ length: records }, (_, index) => `${partition}:${Number(offset) + index}`);
  });
}

const places = (content: TopicContent) => flat(content).map(({ partition, offset }) => `${partition}:${offset}`);

/** What arrived under each key; partitions are chosen by chance, so without order. */
function sorted(content: TopicContent): Record<string, string[]> {
  return Object.fromEntries([...valuesByKey(content)].map(([key, values]) => [key, values.toSorted()]));
}

describeWith(['kafka'], 'logcatchsys', () => {
  it('creates the topic, uses all 16 partitions, and logs partition and offset of every line', async () => {
    const { brokers, load, topic, watch, start } = setUp(['web', 'api']);
    watch({ web: 'web', api: 'api' });
    const agent = await start('--log-level', 'debug');
    let used = 0;
    for (const end = Date.now() + deadline; used < 16 && Date.now() < end; ) {
      for (let step = 0; step < 50; step++) {
        for (const name of load.names) load.append(name, 2);
        await setTimeout(20);
      }
      const content = await waitForRecords(brokers, topic, load.total, deadline);
      used = [...content.values()].filter((records) => records.length > 0).length;
    }
    await agent.stop();
    const content = await consumeAll(brokers, topic);
    expect(content.size).toBe(16);
    expect(used).toBe(16);
    expect(sorted(content)).toEqual({ web: load.lines('web').toSorted(), api: load.lines('api').toSorted() });
    expect(written(agent.stderr).toSorted()).toEqual(places(content).toSorted());
  });

  it('takes edits of the map: added, moved, removed, broken, gone, emptied', async () => {
    const { brokers, logs, load, topic, watch, start, path } = setUp(['web', 'web2', 'api', 'new']);
    watch({ web: 'web', api: 'api' });
    for (const name of load.names) load.append(name, 5);
    const agent = await start();
    await waitForRecords(brokers, topic, 10, deadline);
    const before = handlesOf(agent.pid, logs).get(path('api'));

    watch({ web: 'web2', api: 'api', new: 'new' });
    await agent.printed('configuration change 1 applied (watch): add log/new; restart log/web');
    await waitForRecords(brokers, topic, 20, deadline);
    await untilOpen(agent.pid, logs, ['web2', 'api', 'new'].map(path));

    watch({ api: 'api', new: 'new' });
    await agent.printed('configuration change 2 applied (watch): remove log/web');
    await untilOpen(agent.pid, logs, ['api', 'new'].map(path));
    for (const name of load.names) load.append(name, 5);
    await waitForRecords(brokers, topic, 30, deadline);

    watch('api: ./logs/api.log\nweb: [broken\n');
    await agent.printed(/watch\.yaml:\d+/);
    watch('');
    await agent.printed(/watch\.yaml.*empty|empty.*watch\.yaml/);
    for (const name of ['api', 'new']) load.append(name, 5);
    await waitForRecords(brokers, topic, 40, deadline);
    // The one that stayed has not noticed any of this.
    expect(handlesOf(agent.pid, logs).get(path('api'))).toBe(before);

    // Back on its first file: it goes on where it was there.
    watch({ web: 'web', api: 'api', new: 'new' });
    await waitForRecords(brokers, topic, 45, deadline);
    watch({});
    await agent.printed(/configuration change \d+ applied \(watch\): remove log\/web, log\/api, log\/new/);
    await untilOpen(agent.pid, logs, []);
    await agent.stop();
    expect(sorted(await consumeAll(brokers, topic))).toEqual({
      web: [...load.lines('web'), ...load.lines('web2').slice(0, 5)].toSorted(),
      api: load.lines('api').toSorted(),
      new: load.lines('new').toSorted(),
    });
  });

  it('a tail that throws comes back by itself, and the others do not notice', async () => {
    const { brokers, folder, logs, load, topic, watch, start, path } = setUp(
      ['web', 'api'],
      (yaml) => `plugins: [./fragile.ts]\n${yaml.replace('type: file-tail', 'type: fragile-tail')}`,
    );
    writeFileSync(join(folder, 'fragile.ts'), fragile);
    watch({ web: 'web', api: 'api' });
    for (const name of load.names) load.append(name, 1);
    const agent = await start();
    await untilOpen(agent.pid, logs, [path('web'), path('api')]);
    const before = handlesOf(agent.pid, logs);
    load.start(2_000);
    for (let time = 0; time < 3; time++) {
      await setTimeout(300);
      writeFileSync(`${path('web')}.throw`, '');
      while (existsSync(`${path('web')}.throw`)) await setTimeout(20);
      // Open again, and reading.
      await untilOpen(agent.pid, logs, [path('web'), path('api')]);
    }
    load.stop();
    expect(agent.stderr).toContain('the tail broke');
    await waitForRecords(brokers, topic, load.total, deadline);
    expect(handlesOf(agent.pid, logs).get(path('api'))).toBe(before.get(path('api')));
    await agent.stop();
    expect(sorted(await consumeAll(brokers, topic))).toEqual({
      web: load.lines('web').toSorted(),
      api: load.lines('api').toSorted(),
    });
  });
});
