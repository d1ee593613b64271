/**
 * A child process of `Fleet`: the configuration sources of many agents, each run by the core as in an agent of its own, and no
 * agent around them. Ends when its parent disconnects.
 */
import { tmpdir } from 'node:os';
import { plainOf } from '../../packages/core/src/config/index.ts';
import { Log } from '../../packages/core/src/log.ts';
import { ConfigSources } from '../../packages/core/src/reload/config-sources.ts';
import etcd from '../../plugins/config-etcd/src/index.ts';

/** What it is told, as JSON, by its one argument. */
export interface FleetOrder {
  readonly endpoint: string;
  readonly key: string;
  /** Numbers of its agents. */
  readonly from: number;
  readonly to: number;
}

/** What it says: a value that an agent has now, or its own size in bytes when asked with any message. */
export type FleetNews =
  | { readonly agent: number; readonly value: unknown /** As `Date.now()` counts. */; readonly at: number }
  | { readonly rss: number };

const { endpoint, key, from, to } = JSON.parse(process.argv[2]!) as FleetOrder;
const given = { endpoints: endpoint, key };
const desired = {
  name: 'list',
  type: etcd.name,
  definition: etcd.definition,
  options: etcd.definition.options.parse(given),
  resolved: given,
  maxEntries: 10_000,
  origin: { file: key },
};
const log = new Log({ level: 'error', format: 'pretty', colors: false, write: (line) => process.stderr.write(line) });
const say = (news: FleetNews) => process.send!(news);

function startAgent(agent: number): ConfigSources {
  const sources = new ConfigSources({
    log,
    host: `agent-${agent}`,
    dataDir: tmpdir(),
    store: undefined,
    online: true,
    resolve: (path) => path,
    moved: () => {},
    applying: () => false,
    // The core, too, applies it after the source has handed it over.
    changed: () =>
      setImmediate(() => {
        const values = sources.values(new Set(sources.candidates));
        sources.accept(values);
        say({ agent, value: plainOf(values.get(desired.name)!.value), at: Date.now() });
      }),
  });
  void sources.sync([desired], new Set([desired.name]));
  return sources;
}

const size = () => say({ rss: process.memoryUsage.rss() });
size();
const agents = Array.from({ length: to - from }, (_, index) => startAgent(from + index));
process.on('message', size);
process.once('disconnect', () => void Promise.all(agents.map((sources) => sources.stop())));
