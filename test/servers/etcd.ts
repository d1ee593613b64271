import { join } from 'node:path';
import { debianPackages } from './debian.ts';
import { type Controls, type NodeOptions, notOurs, ServerNode } from './node.ts';
import { addressList, commandPath, freePort, Unavailable } from './process.ts';

export interface EtcdOptions extends NodeOptions {
  /** Start one even if ETCD_ENDPOINTS is set: for tests that stop, kill or pause it. Implied by port and dataDir. */
  own?: boolean;
}

export interface EtcdServer extends Controls {
  /** For clients, as `http://host:port`. */
  endpoints: string[];
  version: string;
  /** Undefined when ETCD_ENDPOINTS gave the server. */
  node: ServerNode | undefined;
}

/** Gives an etcd: the one that ETCD_ENDPOINTS names, else one started here (see etcdBinary). */
export async function startEtcd(options: EtcdOptions = {}): Promise<EtcdServer> {
  const own = options.own || options.port !== undefined || options.dataDir !== undefined;
  const given = addressList('ETCD_ENDPOINTS');
  if (given !== undefined && !own) {
    const endpoints = given.map((endpoint) => (endpoint.includes('://') ? endpoint : `http://${endpoint}`));
    const version = await etcdVersion(endpoints).catch((cause: unknown) => {
      throw new Error(
        `ETCD_ENDPOINTS is ${endpoints.join(',')}, but no etcd answers there. Start it, or unset the variable to have one started.`,
        { cause },
      );
    });
    return { ...notOurs('ETCD_ENDPOINTS'), endpoints, version, node: undefined };
  }
  const binary = await etcdBinary();
  const port = options.port ?? (await freePort());
  const client = `http://127.0.0.1:${port}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  const node = await ServerNode.start(
    {
      name: 'etcd',
      command: async (dataDir) => ({
        command: binary,
        args: [
          ...['--name', 'logcatch', '--data-dir', join(dataDir, 'data'), '--logger', 'zap', '--log-level', 'warn'],
          ...['--log-outputs', 'stderr', '--listen-client-urls', client, '--advertise-client-urls', client],
          ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
          ...['--initial-cluster', `logcatch=${peer}`],
          ...['--heartbeat-interval', '20', '--election-timeout', '200'], // a single member elects itself: starts 1 s sooner
        ],
        env: environment(),
      }),
      ready: async () => {
        const response = await fetch(`${client}/health`, { signal: AbortSignal.timeout(1000) });
        return ((await response.json()) as { health?: unknown }).health === 'true';
      },
    },
    options,
  );
  return {
    endpoints: [client],
    version: await etcdVersion([client]),
    node,
    stop: () => node.stop(),
    kill: (signal) => node.kill(signal),
    restart: () => node.restart(),
    pause: () => node.pause(),
    resume: () => node.resume(),
  };
}

/** Asks the endpoints in turn which etcd they are. */
export async function etcdVersion(endpoints: string[]): Promise<string> {
  let problem: unknown;
  for (const endpoint of endpoints) {
    try {
      const response = await fetch(`${endpoint}/version`, { signal: AbortSignal.timeout(2000) });
      return String(((await response.json()) as { etcdserver?: unknown }).etcdserver);
    } catch (error) {
      problem = error;
    }
  }
  throw problem;
}

/** etcd refuses to start when its variables and its flags disagree, so it gets none of the caller's. */
function environment(): NodeJS.ProcessEnv {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ETCD_')));
  return process.arch === 'x64' ? env : { ...env, ETCD_UNSUPPORTED_ARCH: process.arch };
}

const hint = 'Install etcd (Debian and Ubuntu: apt-get install etcd-server), or set ETCD_ENDPOINTS=http://HOST:2379.';

/** The etcd in PATH, else the one of Debian's package, unpacked into the cache: so root is not needed. */
async function etcdBinary(): Promise<string> {
  const installed = commandPath('etcd');
  if (installed !== undefined) return installed;
  const root = await debianPackages('etcd', ['etcd-server']).catch((cause: Error) => {
    throw new Unavailable(`There is no etcd in PATH. ${hint}\n${cause.message}`, { cause });
  });
  return join(root, 'usr', 'bin', 'etcd');
}
