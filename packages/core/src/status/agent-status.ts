import type { Figures, Status, Verdict } from '@logcatch/plugin-api';
import type { Agent } from '../agent.ts';
import { type Counted, declaredId } from '../config/declared.ts';
import type { Kind, Waiting } from '../config/index.ts';
import { furthestBehind, sourceOf } from '../control/file-list.ts';
import type { HttpStatus } from '../control/http-endpoint.ts';
import type { Buried, DeadLetters, LettersUsage } from '../letters/dead-letters.ts';
import { InputNode } from '../pipeline/input-node.ts';
import type { Node } from '../pipeline/node.ts';
import { OutputNode } from '../pipeline/output-node.ts';
import type { PauseReason } from '../pipeline/tracked-source.ts';
import type { SourceStatus } from '../reload/config-sources.ts';
import type { ChangeNote, ConfigurationChange } from '../reload/configuration-change.ts';
import { type Account, emptyAccount, sum } from '../state/ledger.ts';
import { Counters, type DiscoveryCounts, type ErrorCounts, type Flow } from './counters.ts';
import type { Durations } from './histogram.ts';
import type { PipelineGraph } from './pipeline-graph.ts';
import type { RecentError } from './recent-errors.ts';

/**
 * What an agent does, as JSON: `GET /status` of the control socket, and `pipeline status --json`. Times are milliseconds since
 * the epoch. What has no value is left out. Never holds options, so never a secret.
 */
export interface AgentStatus {
  /** Name of the pipeline. */
  readonly name: string;
  /** `agent_id:` of the file, else the one that is kept in data_dir. */
  readonly agentId: string;
  /** Of logcatch. */
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: number;
  /** When this was so. */
  readonly at: number;
  /** The pipeline file, absolute. */
  readonly file: string;
  readonly dataDir: string;
  /** Everything runs, nothing waits, positions come to disk, the newest configuration is in effect, and no record is a dead letter that became one in the last minutes. */
  readonly well: boolean;
  /** What was last wrong with the positions on disk, at the start of this run or since, and what was done about it. */
  readonly repaired?: string;
  /** Why positions do not come to disk, and what to do; left out while they do. */
  readonly unwritten?: Status;
  /** How full the dead letters are, those of earlier runs included. */
  readonly deadLetters: LettersUsage;
  /** Bytes of the buffers in use, and how many may be (`max_bytes`). */
  readonly buffers: { readonly used: number; readonly budget: number };
  /** Of the whole process: seconds of CPU since its start, and bytes of memory. */
  readonly process: { readonly cpu: number; readonly memory: number };
  /** Where `http:` of the file listens; left out where it says nothing. */
  readonly http?: HttpStatus;
  /** Errors since the start that concern no component. */
  readonly errors: ErrorCounts;
  /** The last 50 errors of any component, the newest first, each once. */
  readonly recentErrors: readonly RecentError[];
  readonly configuration: {
    /** Changes since the start, refused ones too. */
    readonly changes: number;
    /** How they ended. */
    readonly results: Readonly<Record<ConfigurationChange['result'], number>>;
    readonly last?: ConfigurationChange;
    /** The last ten, the newest first. */
    readonly recent: readonly ChangeNote[];
    /** What has a newer version that is not in effect: `the file`, names of sources. */
    readonly pending: readonly string[];
  };
  readonly sources: readonly SourceStatus[];
  /** In the order of the file. */
  readonly components: readonly ComponentStatus[];
  /** What entries of an `each` have counted that are gone, added up for each `each`; with the entries that run it makes sums that never go back. */
  readonly removed: readonly Counted[];
  /** What cannot run before these sources have a value; not among the components. */
  readonly waiting: readonly Pick<Waiting, 'kind' | 'id' | 'sources'>[];
  /** What is joined to what, as `pipeline graph` draws it. */
  readonly graph: PipelineGraph;
}

export interface ComponentStatus extends Status {
  readonly id: string;
  readonly kind: Kind;
  readonly type: string;
  /** What it does, in a few words of its plugin, such as the paths it reads. */
  readonly summary?: string;
  /** What it was given since the start; of an input, what it has read, in bytes of its sources. What comes again counts again. */
  readonly in: Flow;
  /** What it has given to the next ones; of an output, what it has written. */
  readonly out: Flow;
  /** The same by exit, of a transform that has several. */
  readonly exits?: Readonly<Record<string, Flow>>;
  /** Errors since the start. */
  readonly errors: ErrorCounts;
  /** How often it was started again because it had failed. */
  readonly restarts: number;
  /** Inputs only. */
  readonly input?: InputFigures;
  /** Outputs only. */
  readonly output?: OutputFigures;
}

export interface InputFigures {
  /** Open sources. */
  readonly count: number;
  /** Why there are none, where the input says so. */
  readonly idle?: string;
  /** Bytes that were read and have not settled, of all sources. */
  readonly unsettled: number;
  /** Bytes that are known to be there and have not settled, read or not, of all sources. */
  readonly lag: number;
  /** When the oldest of them was known to be there; left out where there is none. */
  readonly oldestAt?: number;
  /** How many sources are paused, by why. */
  readonly paused: Readonly<Partial<Record<PauseReason, number>>>;
  /** From the read of a batch until the position of its source had passed it: written, and everything before it too. */
  readonly settling: Durations;
  /** Where every byte went of all its sources, those that have ended included. */
  readonly account: Account;
  /** What became of its sources, since the start: new ones, ones that went on from a stored position, and so on. The log says why. */
  readonly discovered: DiscoveryCounts;
  /** At most 1,000, those with the most lag then; fewer where whoever asks wants fewer. */
  readonly sources: readonly InputSource[];
}

export interface InputSource {
  /** Tells it from all others, also from those at its path. */
  readonly key: number;
  /** Where it was found. */
  readonly path: string;
  /** Where it is now: a file that was rotated is another than the one at the path where it was found. */
  readonly currentPath: string;
  /** Up to here everything has settled: bytes of the file. */
  readonly position: number;
  /** Bytes that were read after that. */
  readonly unsettled: number;
  /** Bytes that are known to be there after that, read or not. */
  readonly lag: number;
  readonly oldestAt?: number;
  /** Why nothing more is read from it; empty while it is. */
  readonly pausedBy: readonly PauseReason[];
}

export interface OutputFigures {
  /** Records that wait for it or are on their way. */
  readonly queued: number;
  /** Records that were not written because it is not required, and was full or failing. */
  readonly dropped: number;
  /** How often a batch was put back to be written again. */
  readonly retries: number;
  /** Records that it refused for good, by what was done with them. */
  readonly refused: Readonly<Record<Verdict, number>>;
  /** What the output says of itself; see its README. */
  readonly details?: Figures;
  /** What it has given to the dead letters; left out where that is nothing. */
  readonly buried?: Buried;
}

const mostSources = 1_000;
/** Milliseconds for which a dead letter is news: something is wrong that a person has to mend. */
const news = 5 * 60_000;

/** @param most sources that are listed of each input */
export function statusOf(agent: Agent, most = mostSources): AgentStatus {
  const { pipeline, configuration, changes, unwritten } = agent;
  const { desired } = pipeline;
  const accounts = agent.accounts();
  const nodes = new Map(pipeline.nodes.map((node) => [node.id, node]));
  const components = [...desired.inputs, ...desired.transforms, ...desired.outputs].flatMap(({ id }) => {
    const node = nodes.get(id);
    return node ? [componentOf(node, accounts, agent, Math.min(most, mostSources))] : [];
  });
  const { sources, changed: pending } = configuration;
  const deadLetters = agent.deadLetters.usage;
  const http = agent.http.status;
  const waiting = desired.waiting.map(({ kind, id, sources }) => ({ kind, id, sources }));
  return {
    name: desired.name,
    agentId: agent.id,
    version: agent.version,
    host: agent.host,
    pid: process.pid,
    startedAt: agent.startedAt,
    at: Date.now(),
    file: desired.file,
    dataDir: desired.dataDir,
    well:
      waiting.length + pending.length === 0 &&
      !unwritten &&
      [...sources, ...components, ...(http ? [http] : [])].every(({ state }) => state === 'running') &&
      !components.some(({ output }) => output?.buried && isNews(output.buried, deadLetters, Date.now())),
    ...(agent.repaired && { repaired: agent.repaired.describe() }),
    ...(unwritten && { unwritten }),
    deadLetters,
    buffers: { used: agent.pool.used, budget: agent.pool.budget },
    process: { cpu: cpuSeconds(), memory: process.memoryUsage.rss() },
    ...(http && { http }),
    errors: { ...agent.errors.others },
    recentErrors: agent.recentErrors.list,
    configuration: {
      changes: changes.count,
      results: { ...changes.counts },
      ...(changes.last && { last: changes.last }),
      recent: changes.recent,
      pending,
    },
    sources,
    components,
    removed: removedFrom(pipeline, accounts),
    waiting,
    graph: agent.graph,
  };
}

/** Whether records became dead letters just now, and still are. @param now milliseconds since the epoch */
export function isNews({ lastAt }: Buried, { bytes }: LettersUsage, now: number): boolean {
  return bytes > 0 && now - lastAt < news;
}

function componentOf(
  node: Node,
  accounts: ReadonlyMap<string, Account>,
  { deadLetters }: Pick<Agent, 'deadLetters'>,
  most: number,
): ComponentStatus {
  const { id, kind, component, supervisor, counters, summary } = node;
  return {
    id,
    kind,
    type: component.type,
    ...(summary !== undefined && { summary }),
    ...supervisor.status,
    in: { ...counters.in },
    out: { ...counters.out },
    ...(node.exits && { exits: Object.fromEntries(node.exits.map((exit) => [exit, { ...counters.through(exit) }])) }),
    errors: { ...counters.errors },
    restarts: counters.restarts,
    ...(node instanceof InputNode && {
      input: inputFigures(node, accounts.get(id) ?? emptyAccount, most),
    }),
    ...(node instanceof OutputNode && { output: outputFigures(node, deadLetters) }),
  };
}

/** The books are kept over restarts, so they know entries that were gone before this one. */
function removedFrom({ removed, inputs }: Agent['pipeline'], accounts: ReadonlyMap<string, Account>): Counted[] {
  const running = new Set(inputs.map(({ id }) => id));
  const books = new Map<string, Account>();
  for (const [id, account] of accounts) {
    const declared = declaredId(id);
    if (!running.has(id)) books.set(declared, sum(books.get(declared) ?? emptyAccount, account));
  }
  return [...new Set([...running].map(declaredId))]
    .filter((id) => removed.has(id) || books.has(id))
    .map((id): Counted => {
      const { in: received, out, errors, restarts, settling, discovered } = removed.get(id) ?? new Counters();
      const account = books.get(id) ?? emptyAccount;
      const input = { count: 0, unsettled: 0, lag: 0, settling, account, discovered };
      return { id, states: {}, in: received, out, errors, restarts, input };
    });
}

function outputFigures({ id, queued, details, counters }: OutputNode, letters: DeadLetters): OutputFigures {
  const buried = letters.buriedBy(id);
  const { retries, dropped, refused } = counters;
  return { queued, dropped, retries, refused: { ...refused }, ...(details && { details }), ...(buried && { buried }) };
}

function inputFigures(node: InputNode, account: Account, most: number): InputFigures {
  const all = [...node.sources];
  let unsettled = 0;
  let lag = 0;
  let oldestAt = Infinity;
  const paused: Partial<Record<PauseReason, number>> = {};
  for (const source of all) {
    unsettled += source.unsettled;
    lag += source.lag;
    oldestAt = Math.min(oldestAt, source.oldestAt ?? Infinity);
    for (const reason of source.pausedBy) paused[reason] = (paused[reason] ?? 0) + 1;
  }
  const { idle } = node;
  const { bounds, counts, sum } = node.counters.settling;
  return {
    count: all.length,
    ...(idle !== undefined && { idle }),
    unsettled,
    lag,
    ...(oldestAt < Infinity && { oldestAt }),
    paused,
    settling: { bounds, counts: [...counts], sum },
    account,
    discovered: { ...node.counters.discovered },
    sources: (all.length > most ? furthestBehind(all, most) : all).map(sourceOf),
  };
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
