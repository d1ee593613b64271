import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Agent } from '../agent.ts';
import { Cluster } from '../fixtures/cluster.ts';
import { lines, Scene, until } from '../fixtures/scene.ts';

const scene = new Scene();

/** Agents with one id, each with a file and a data_dir of its own. */
class Twins {
  readonly cluster = new Cluster();

  configure(name: string, room = 10): string {
    const file = join(scene.world.folder, `${name}.yaml`);
    writeFileSync(
      file,
      `
agent_id: test
shutdown_timeout: 2s
inputs: { app: { type: memory, streams: [a] } }
outputs: { out: { type: exact, queue: { max_records: ${room} } } }
`,
    );
    return file;
  }

  async start(name: string): Promise<Agent> {
    const engine = scene.world.engine();
    for (const plugin of this.cluster.plugins) engine.use(plugin);
    const agent = await Agent.create(engine, { file: this.configure(name), once: false });
    onTestFinished(() => void agent.stop());
    agent.start();
    await until(() => expect(agent.pipeline.outputs[0]!.ready).toBe(true));
    return agent;
  }

  /** What the agents that took over have left. */
  get marks(): string[] {
    return [...this.cluster.positions.values()].filter((text) => JSON.parse(text).path === undefined);
  }

  committed(to: number): Promise<void> {
    return until(() => expect(this.cluster.textsOf('a')).toEqual(lines.slice(0, to)));
  }
}

const state = ({ pipeline }: Agent) => pipeline.outputs[0]!.supervisor.status.state;

test('an agent that was shut out does not take over again by a reload, also when it has not noticed yet', async () => {
  const twins = new Twins();
  scene.world.add('a', ...lines.slice(0, 10));
  const first = await twins.start('first');
  await twins.committed(10);
  const { marks } = twins;
  const second = await twins.start('second');
  // Before that it is the reload that takes over, and the second agent that is shut out.
  await until(() => expect(twins.marks).not.toEqual(marks));
  twins.configure('first', 11);
  await first.reloadFile();
  expect(await first.failed).toMatchObject({ code: 'LC_OUTPUT_FENCED' });
  scene.world.add('a', ...lines.slice(10, 20));
  await twins.committed(20);
  expect(state(second)).toBe('running');
  twins.configure('first', 12);
  await first.reloadFile();
  await until(() => expect(state(first)).toBe('failed'));
  scene.world.add('a', ...lines.slice(20, 30));
  await twins.committed(30);
  expect(twins.cluster.broken).toEqual([]);
});

test('an output that is made anew goes on, whether anything was committed before or not, and so does the next start', async () => {
  const twins = new Twins();
  const first = await twins.start('first');
  scene.world.add('a', ...lines.slice(0, 10));
  await twins.committed(10);
  await first.stop();
  const second = await twins.start('first');
  twins.cluster.faults.commit.push('before', 'after', 'before');
  for (const room of [11, 12, 13]) {
    twins.configure('first', room);
    expect(await second.reloadFile()).toMatchObject({ result: 'applied' });
  }
  scene.world.add('a', ...lines.slice(10, 20));
  await twins.committed(20);
  expect(twins.cluster.broken).toEqual([]);
});
