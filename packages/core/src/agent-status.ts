import type { Figures, Status } from '@logcatch/plugin-api';
import type { Agent } from './agent.ts';
import type { Kind, Waiting } from './config/index.ts';
import type { SourceStatus } from './config-sources.ts';
import type { ConfigurationChange } from './configuration-change.ts';
import type { Buried, DeadLetters, LettersUsage } from './dead-letters.ts';
import type { DiscoveryCounts } from './discoveries.ts';
import { InputNode } from './input-node.ts';
import { type Account, emptyAccount } from './ledger.ts';
import type { Node } from './node.ts';
import { OutputNode } from './output-node.ts';
import type { PauseReason, TrackedSource } from './tracked-source.ts';

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
  /** The pipeline file, absolute. */
  readonly file: string;
  readonly dataDir: string;
  /** Everything runs, nothing waits, the newest configuration is in effect, and no record is a dead letter that became one in the last minutes. */
  readonly well: boolean;
  /** What was last wrong with the positions on disk, at the start of this run or since, and what was done about it. */
  readonly repaired?: string;
  /** How full the dead letters are, those of earlier runs included. */
  readonly deadLetters: LettersUsage;
  readonly configuration: {
    /** Changes since the start, refused ones too. */
    readonly changes: number;
    readonly last?: ConfigurationChange;
    /** What has a newer version that is not in effect: `the file`, names of sources. */
    readonly pending: readonly string[];
  };
  readonly sources: readonly SourceStatus[];
  /** In the order of the file. */
  readonly components: readonly ComponentStatus[];
  /** What cannot run before these sources have a value; not among the components. */
  readonly waiting: readonly Pick<Waiting, 'kind' | 'id' | 'sources'>[];
}

export interface ComponentStatus extends Status {
  readonly id: string;
  readonly kind: Kind;
  readonly type: string;
  /** What it does, in a few words of its plugin, such as the paths it reads. */
  readonly summary?: string;
  /** Inputs only. */
  readonly input?: InputFigures;
  /** Outputs only. */
  readonly output?: OutputFigures;
}

export interface InputFigures {
  /** Open sources. */
  readonly count: number;
  /** Bytes that were read and have not settled, of all sources. */
  readonly unsettled: number;
  /** Bytes that are known to be there and have not settled, read or not, of all sources. */
  readonly lag: number;
  /** Where every byte went of all its sources, those that have ended included. */
  readonly account: Account;
  /** What became of its sources, since the start: new ones, ones that went on from a stored position, and so on. The log says why. */
  readonly discovered: DiscoveryCounts;
  /** At most the first 1,000. */
  readonly sources: readonly InputSource[];
}

export interface InputSource {
  readonly path: string;
  /** Up to here everything has settled: bytes of the file. */
  readonly position: number;
  /** Bytes that were read after that. */
  readonly unsettled: number;
  /** Why nothing more is read from it; empty while it is. */
  readonly pausedBy: readonly PauseReason[];
}

export interface OutputFigures {
  /** Records that wait for it or are on their way. */
  readonly queued: number;
  /** Records that were not written because it is not required, and was full or failing. */
  readonly dropped: number;
  /** What the output says of itself; see its README. */
  readonly details?: Figures;
  /** What it has given to the dead letters; left out where that is nothing. */
  readonly buried?: Buried;
}

const mostSources = 1_000;
/** Milliseconds for which a dead letter is news: something is wrong that a person has to mend. */
const news = 5 * 60_000;

export function statusOf(agent: Agent): AgentStatus {
  const { pipeline, configuration, changes } = agent;
  const { desired } = pipeline;
  const accounts = agent.accounts();
  const nodes = new Map(pipeline.nodes.map((node) => [node.id, node]));
  const components = [...desired.inputs, ...desired.transforms, ...desired.outputs].flatMap(({ id }) => {
    const node = nodes.get(id);
    return node ? [componentOf(node, accounts, agent)] : [];
  });
  const { sources, changed: pending } = configuration;
  const deadLetters = agent.deadLetters.usage;
  const waiting = desired.waiting.map(({ kind, id, sources }) => ({ kind, id, sources }));
  return {
    name: desired.name,
    agentId: agent.id,
    version: agent.version,
    host: agent.host,
    pid: process.pid,
    startedAt: agent.startedAt,
    file: desired.file,
    dataDir: desired.dataDir,
    well:
      waiting.length + pending.length === 0 &&
      [...sources, ...components].every(({ state }) => state === 'running') &&
      !components.some(({ output }) => output?.buried && isNews(output.buried, deadLetters, Date.now())),
    ...(agent.repaired && { repaired: agent.repaired.describe() }),
    deadLetters,
    configuration: { changes: changes.count, ...(changes.last && { last: changes.last }), pending },
    sources,
    components,
    waiting,
  };
}

/** Whether records became dead letters just now, and still are. @param now milliseconds since the epoch */
export function isNews({ lastAt }: Buried, { bytes }: LettersUsage, now: number): boolean {
  return bytes > 0 && now - lastAt < news;
}

function componentOf(
  node: Node,
  accounts: ReadonlyMap<string, Account>,
  { deadLetters, discoveries }: Pick<Agent, 'deadLetters' | 'discoveries'>,
): ComponentStatus {
  const { id, kind, component, supervisor } = node;
  const summary = component.definition.summarize?.(component.options);
  return {
    id,
    kind,
    type: component.type,
    ...(summary !== undefined && { summary }),
    ...supervisor.status,
    ...(node instanceof InputNode && {
      input: inputFigures(node, accounts.get(id) ?? emptyAccount, discoveries.of(id)),
    }),
    ...(node instanceof OutputNode && { output: outputFigures(node, deadLetters) }),
  };
}

function outputFigures({ id, queued, dropped, details }: OutputNode, letters: DeadLetters): OutputFigures {
  const buried = letters.buriedBy(id);
  return { queued, dropped, ...(details && { details }), ...(buried && { buried }) };
}

function inputFigures(node: InputNode, account: Account, discovered: DiscoveryCounts): InputFigures {
  let count = 0;
  let unsettled = 0;
  let lag = 0;
  const sources: InputSource[] = [];
  for (const source of node.sources) {
    count++;
    unsettled += source.unsettled;
    lag += source.lag;
    if (sources.length < mostSources) sources.push(sourceOf(source));
  }
  return { count, unsettled, lag, account, discovered, sources };
}

function sourceOf({ path, position, unsettled, pausedBy }: TrackedSource): InputSource {
  return { path, position, unsettled, pausedBy };
}
