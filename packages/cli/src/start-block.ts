import type { Pipeline } from '@logcatch/core';
import type { Status } from '@logcatch/plugin-api';

/** What a person wants to know on start: what runs, where it resumes, where it ships, what waits and why. */
export function startBlock(pipeline: Pipeline, version: string): string {
  const { desired } = pipeline;
  const resumes = new Map(
    pipeline.inputs.map((input) => {
      const positions = [...input.sources].map((source) => source.position);
      const resumed = positions.filter((position) => position > 0).length;
      const found = `${positions.length} ${positions.length === 1 ? 'source' : 'sources'}`;
      return [
        input.id,
        positions.length === 0 ? 'no file yet' : `${found}, ${resumed} of them go on where they stopped`,
      ];
    }),
  );
  const rows = pipeline.nodes.toReversed().map((node) => {
    const { definition, options, type } = node.component;
    const does = [definition.summarize?.(options), resumes.get(node.id)].filter(Boolean).join('; ');
    return `  ${node.kind.padEnd(9)} ${node.id}  ${type}  ${does}${trouble(node.supervisor.status)}`;
  });
  return [`logcatch ${version} runs ${desired.name} (${desired.file})`, ...rows, `  state     ${desired.dataDir}`].join(
    '\n',
  );
}

function trouble({ state, reason, hint }: Status): string {
  return reason === '' ? '' : `\n            ${state}: ${reason}${hint ? `\n            ${hint}` : ''}`;
}
