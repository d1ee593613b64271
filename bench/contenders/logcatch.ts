import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from '../process.ts';
import type { Contender, Shipment } from './contender.ts';

export const bin = fileURLToPath(new URL('../../packages/cli/bin/pipeline.js', import.meta.url));

/** The agent, following files: its input's and its output's options as YAML. */
export function logcatchAgent(folder: string, input: string, output: string): Command {
  const file = join(folder, 'bench.yaml');
  writeFileSync(file, `inputs: { app: { type: file-tail, ${input} } }\noutputs: { out: { ${output} } }\n`);
  return { command: process.execPath, args: [bin, 'run', file] };
}

export type Delivery = 'at-least-once' | 'exactly-once';

export function shipping(delivery: Delivery, { brokers, topic, codec, pattern, folder }: Shipment): Command {
  const kafka = `type: kafka, brokers: "${brokers.join(',')}", topic: ${topic}, compression: ${codec}`;
  return logcatchAgent(folder, `paths: "${pattern}"`, `${kafka}, delivery: ${delivery}`);
}

export function logcatch(delivery: Delivery): () => Promise<Contender> {
  return async () => ({
    title: delivery === 'exactly-once' ? 'logcatch, exactly once' : 'logcatch',
    ends: true,
    share: 1,
    codecs: ['none', 'zstd'],
    ship: (shipment) => {
      const { command, args } = shipping(delivery, shipment);
      return { command, args: [...args, '--once'] };
    },
  });
}
