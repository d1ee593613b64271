import type { State } from '@logcatch/plugin-api';
import type { AgentStatus } from './agent-status.ts';
import { type Answer, text } from './http.ts';
import { metricsText } from './metrics-text.ts';
import { sentence } from './supervisor.ts';

export interface Route {
  /** Without a token too: it then shows nothing that is not for everybody. */
  readonly open?: true;
  /** @param whole whether who asks may see everything */
  answer(status: () => AgentStatus, whole: boolean): Answer;
}

/** What `GET` finds at which path. */
export const routes: Readonly<Record<string, Route>> = {
  '/metrics': {
    answer: (status) => ({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      body: metricsText(status()),
    }),
  },
  '/status': {
    answer: (status) => ({ status: 200, type: 'application/json', body: JSON.stringify(status()) }),
  },
  // That it answers says it all: the process lives, and its loop turns.
  '/healthz': { open: true, answer: () => text(200, 'alive') },
  '/readyz': {
    open: true,
    answer: (status, whole) => {
      const lines = notReady(status());
      if (lines.length === 0) return text(200, 'ready');
      return text(503, ['not ready', ...(whole ? lines : [])].join('\n'));
    },
  },
};

/** States of what has not started, or ships nothing at all. One that is degraded or stuck does what it can. */
const down: readonly State[] = ['waiting', 'starting', 'stopping', 'stopped', 'failed'];

/** Which components do not run, why, and what to do: one line each. */
export function notReady({ components, waiting }: AgentStatus): string[] {
  return [
    ...components
      .filter(({ state }) => down.includes(state))
      .map(({ kind, id, state, reason, hint }) => {
        const why = sentence(reason, hint);
        return `${kind} ${id} is ${state}${why === '' ? '' : `: ${why}`}`;
      }),
    ...waiting.map(({ kind, id, sources }) => `${kind} ${id} waits for a value of ${sources.join(', ')}`),
  ];
}
