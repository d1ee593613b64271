import { LogcatchError, type State } from '@logcatch/plugin-api';
import { sentence } from '../pipeline/supervisor.ts';
import type { AgentStatus } from '../status/agent-status.ts';
import { metricsText } from '../status/metrics-text.ts';
import { type Answer, text } from './http.ts';
import type { HttpParts } from './http-endpoint.ts';
import type { LineStream } from './line-stream.ts';

/** Who asks for what. */
export interface HttpQuestion {
  readonly parts: Pick<HttpParts, 'status' | 'files' | 'tap'>;
  readonly query: URLSearchParams;
  /** Whether who asks may see everything. */
  readonly whole: boolean;
  /** Whether lines are shown to anybody. */
  readonly lines: boolean;
  /** As many as may look at lines do. */
  readonly crowded: boolean;
}

export interface Route {
  /** Without a token too: it then shows nothing that is not for everybody. */
  readonly open?: true;
  answer(question: HttpQuestion): Answer | LineStream | Promise<Answer>;
}

/** What `GET` finds at which path. */
export const routes: Readonly<Record<string, Route>> = {
  '/metrics': {
    answer: ({ parts }) => ({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      body: metricsText(parts.status(0)),
    }),
  },
  '/status': {
    answer: ({ parts, query }) => {
      const most = query.get('sources');
      if (most !== null && !/^\d{1,4}$/.test(most)) return text(422, '`sources` is a number, such as ?sources=0.');
      return json(parts.status(most === null ? undefined : Number(most)));
    },
  },
  '/files': { answer: ({ parts, query }) => json(parts.files(query.get('text') ?? '')) },
  '/tap': { answer: tapped },
  // That it answers says it all: the process lives, and its loop turns.
  '/healthz': { open: true, answer: () => text(200, 'alive') },
  '/readyz': {
    open: true,
    answer: ({ parts, whole }) => {
      const lines = notReady(parts.status(0));
      if (lines.length === 0) return text(200, 'ready');
      return text(503, ['not ready', ...(whole ? lines : [])].join('\n'));
    },
  },
};

function tapped({ parts, query, lines, crowded }: HttpQuestion): Answer | LineStream {
  if (!lines) return text(403, 'Lines are shown where the pipeline file says so: `http: { ..., lines: true }`.');
  if (crowded) return text(503, 'Others look at lines already, as many as may: close one of their pages.');
  try {
    return parts.tap(query);
  } catch (error) {
    if (error instanceof LogcatchError) return text(422, error.describe());
    throw error;
  }
}

function json(value: unknown): Answer {
  return { status: 200, type: 'application/json', body: JSON.stringify(value) };
}

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
