import type { Agent } from '@logcatch/core';
import type { State } from '@logcatch/plugin-api';
import { expect, test } from 'vitest';
import { startBlock } from './start-block.ts';

/** An agent with an input that has found nothing so far. */
function agentWith(state: State): Agent {
  const discovered = { found: 0, resumed: 0, renamed: 0, truncated: 0, replaced: 0, gone: 0 };
  const input = {
    id: 'app',
    kind: 'input',
    component: { type: 'file-tail', definition: { summarize: () => './*.log' }, options: {} },
    counters: { discovered },
    supervisor: { status: { state, reason: '', hint: '', since: 0 } },
  };
  const desired = {
    name: 'prod',
    file: '/etc/prod.yaml',
    dataDir: '/var/lib/prod',
    inputs: [{ id: 'app' }],
    transforms: [],
    outputs: [],
    waiting: [],
  };
  const parts = { pipeline: { desired, nodes: [input] }, configuration: { sources: [] }, http: { status: undefined } };
  return parts as unknown as Agent;
}

test('an input has no file when it has looked, not before', () => {
  expect(startBlock(agentWith('running'), '1')).toContain('  input     app  file-tail  ./*.log; no file yet\n');
  for (const state of ['starting', 'waiting'] as const)
    expect(startBlock(agentWith(state), '1')).toContain('  input     app  file-tail  ./*.log\n');
});
