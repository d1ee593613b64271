import type { Agent, DiscoveryCounts } from '@logcatch/core';
import { type InputDefinition, plural, type State, type Status } from '@logcatch/plugin-api';

/** What a person wants to know on start: what runs, where it resumes, where it ships, what waits and why. */
export function startBlock(agent: Agent, version: string): string {
  const { pipeline } = agent;
  const { desired } = pipeline;
  const nodes = new Map(pipeline.nodes.map((node) => [node.id, node]));
  const running = [...desired.inputs, ...desired.transforms, ...desired.outputs].flatMap(
    ({ id }) => nodes.get(id) ?? [],
  );
  const rows = running.map((node) => {
    const { definition, options, type } = node.component;
    const many = node.kind === 'input' && !(definition as InputDefinition).single;
    const { state } = node.supervisor.status;
    const files = many ? sourcesText(node.counters.discovered, state) : undefined;
    const does = [definition.summarize?.(options), files].filter(Boolean).join('; ');
    return `  ${node.kind.padEnd(9)} ${node.id}  ${type}  ${does}`.trimEnd() + trouble(node.supervisor.status);
  });
  for (const { kind, id, sources } of desired.waiting) {
    rows.push(`  ${kind.padEnd(9)} ${id}  waits for a value of ${sources.join(', ')}`);
  }
  const { configuration } = agent;
  for (const source of configuration.sources) {
    const revision = source.revision === undefined ? '' : `  revision ${source.revision}`;
    rows.push(`  ${'config'.padEnd(9)} ${source.name}  ${source.type}${revision}${trouble(source)}`);
  }
  const { status: http } = agent.http;
  if (http) rows.push(`  http      http://${http.address}${trouble(http)}`);
  return [`logcatch ${version} runs ${desired.name} (${desired.file})`, ...rows, `  state     ${desired.dataDir}`].join(
    '\n',
  );
}

function sourcesText({ found, resumed }: DiscoveryCounts, state: State): string | undefined {
  // With exactly once an input does not look before its output has told the positions.
  if (found + resumed === 0) return state === 'starting' || state === 'waiting' ? undefined : 'no file yet';
  const parts = [resumed > 0 && `${resumed} resumed where they stopped`, found > 0 && `${found} new`];
  return `${plural(found + resumed, 'file')}: ${parts.filter(Boolean).join(', ')}`;
}

function trouble({ state, reason, hint }: Status): string {
  return reason === '' ? '' : `\n            ${state}: ${reason}${hint ? `\n            ${hint}` : ''}`;
}
