import { expect, it, onTestFinished } from 'vitest';
import { describeWith } from './servers/require.ts';
import { connectionsTo } from './support/connections.ts';
import { startDoorman } from './support/doorman.ts';
import { EtcdKey } from './support/etcd.ts';
import { Fleet } from './support/fleet.ts';
import { ownEtcd } from './support/own-server.ts';
import { percentile } from './support/percentile.ts';
import { rounds } from './support/soak.ts';

describeWith(['etcd'], 'many agents on one etcd', () => {
  it('have every change, also after etcd was killed, and do not come back all at once', {
    timeout: 600_000,
  }, async () => {
    const agents = rounds(20, 1_000);
    const server = await ownEtcd();
    const port = Number(new URL(server.url).port);
    const key = new EtcdKey(server.url);
    const peak = peakOfConnections(port);
    let value = 0;

    await key.put(value);
    const started = Date.now();
    const fleet = new Fleet(agents, key);
    /** Milliseconds from the put to each agent's having the value. */
    const change = async () => {
      const from = Date.now();
      await key.put(++value);
      return (await fleet.have(value)).map((at) => at - from);
    };
    say(
      `${agents} agents started -> value`,
      (await fleet.have(value)).map((at) => at - started),
      peak(),
    );

    const changes: number[] = [];
    for (let round = 0; round < rounds(5, 20); round++) changes.push(...(await change()));
    say('put -> value', changes, peak());
    for (let more = 0; more < 20; more++) await key.put(++value);
    say('20 puts and one more -> its value', await change(), peak());

    await server.kill();
    const doorman = await startDoorman(port);
    await doorman.seen(3 * agents);
    await doorman.close();
    const tenths = Map.groupBy(doorman.visits, (at) => Math.floor(at / 100));
    const most = Math.max(...[...tenths.values()].map(({ length }) => length));
    console.log(
      `etcd killed: ${doorman.visits.length} attempts, in ${tenths.size} different tenths of a second, at most ${most} in one`,
    );
    // All together they would come in one or two of them, three times.
    expect(tenths.size).toBeGreaterThanOrEqual(10);

    peak();
    await server.restart();
    say('etcd serves again, put -> value', await change(), peak());
    changes.length = 0;
    for (let round = 0; round < rounds(5, 20); round++) changes.push(...(await change()));
    say('put -> value, afterwards', changes, peak());

    const { empty, now } = await fleet.memory();
    console.log(`memory: ${((now - empty) / agents / 1024).toFixed(0)} KiB for each agent`);
    // None has gone back to an older value, or had one twice.
    for (const values of fleet.values) expect(values).toEqual([...new Set(values)].toSorted((a, b) => a - b));
    expect(await fleet.stop()).toEqual([0, 0]);
  });
});

function say(what: string, times: readonly number[], connections: number): void {
  const [p50, p95, last] = [0.5, 0.95, 1].map((share) => percentile(times, share));
  console.log(`${what}: p50 ${p50} ms, p95 ${p95} ms, last ${last} ms; at most ${connections} connections`);
}

/** Gives the most connections that there were to a port since it was last asked. */
function peakOfConnections(port: number): () => number {
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, connectionsTo(port));
  }, 50);
  onTestFinished(() => clearInterval(timer));
  return () => {
    const most = peak;
    peak = 0;
    return most;
  };
}
