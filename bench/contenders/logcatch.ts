import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { askAgent } from '@logcatch/core';
import { freePort } from '../../test/servers/process.ts';
import type { Command } from '../process.ts';
import type { Contender, Shipment } from './contender.ts';

export const bin = fileURLToPath(new URL('../../packages/cli/bin/pipeline.js', import.meta.url));

/** The agent, following files: its input's and its output's options as YAML. */
export function logcatchAgent(folder: string, input: string, output: string, settings = ''): Command {
  const file = join(folder, 'bench.yaml');
  writeFileSync(file, `${settings}inputs: { app: { type: file-tail, ${input} } }\noutputs: { out: { ${output} } }\n`);
  return { command: process.execPath, args: [bin, 'run', file] };
}

export type Delivery = 'at-least-once' | 'exactly-once';

export function shipping(
  delivery: Delivery,
  { brokers, topic, codec, pattern, folder }: Shipment,
  settings?: string,
): Command {
  const kafka = `type: kafka, brokers: "${brokers.join(',')}", topic: ${topic}, compression: ${codec}`;
  return logcatchAgent(folder, `paths: "${pattern}"`, `${kafka}, delivery: ${delivery}`, settings);
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

/** Milliseconds between two looks. */
const interval = 1_000;

/** The same, while Prometheus, the page with its live lines and `pipeline top` look at it each second. */
export async function watched(): Promise<Contender> {
  const contender = await logcatch('at-least-once')();
  const port = await freePort();
  return {
    ...contender,
    title: 'logcatch, watched',
    ship: (shipment) => {
      const { command, args } = shipping(
        'at-least-once',
        shipment,
        `http: { listen: ${port}, token: bench, lines: true }\n`,
      );
      return { command, args: [...args, '--once'] };
    },
    beside: async ({ folder }, signal) => {
      const headers = { authorization: 'Bearer bench' };
      const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`, { signal, headers });
      const got = async (path: string) => (await ask(path)).text();
      const lines = async () => {
        for await (const _ of (await ask('/tap')).body ?? []);
      };
      let tap: Promise<void> | undefined;
      while (!signal.aborted) {
        tap ??= lines().catch(() => {
          tap = undefined;
        });
        const top = askAgent(join(folder, '.logcatch/bench'), 'GET', '/status');
        const looks = [got('/metrics'), got('/status?sources=0'), got('/files'), top];
        // Before it has started and after it has ended nobody answers.
        await Promise.allSettled(looks);
        await setTimeout(interval, undefined, { signal }).catch(() => {});
      }
      await tap;
    },
  };
}
