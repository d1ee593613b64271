import { dirname, resolve } from 'node:path';
import {
  type AnyDefinition,
  abortable,
  type ComponentContext,
  type Examined,
  type Finding,
  messageOf,
} from '@logcatch/plugin-api';
import type { Desired, DesiredComponent } from '../config/index.ts';
import type { Engine } from '../engine.ts';
import { Graph } from '../pipeline/graph.ts';
import { readSecret } from '../secret.ts';
import { httpAddress } from './http-address.ts';
import { secretFiles } from './secret-files.ts';
import { stateFolder } from './state-folder.ts';

/** What one subject came to. */
export interface Examination {
  /** `state`, `http`, `secrets`, or the kind and type of the components: `output kafka`. */
  readonly subject: string;
  /** Ids of the components. */
  readonly components: readonly string[];
  readonly findings: readonly Finding[];
}

/** Milliseconds for each subject. */
const usualDeadline = 20_000;

interface Subject extends Omit<Examination, 'findings'> {
  findings(signal: AbortSignal): AsyncIterable<Finding>;
}

/**
 * Looks whether what a pipeline needs is there. Writes nothing. The examinations go on at once and are given in the order of the
 * data path, each when it is over.
 * @param deadline milliseconds for each
 */
export function examine(desired: Desired, engine: Engine, deadline = usualDeadline): Promise<Examination>[] {
  const toPath = (path: string) => resolve(dirname(desired.file), path);
  const alone = { components: [] };
  const { http, dataDir } = desired;
  const subjects: Subject[] = [
    { subject: 'state', ...alone, findings: () => stateFolder(dataDir, desired.file) },
    // Port 0 is one that is free.
    ...(http?.port ? [{ subject: 'http', ...alone, findings: () => httpAddress(http, dataDir) }] : []),
    { subject: 'secrets', ...alone, findings: () => secretFiles(desired, toPath) },
    ...plugins(desired, engine, toPath),
  ];
  return subjects.map((subject) => carryOut(subject, deadline));
}

function plugins(desired: Desired, engine: Engine, toPath: (path: string) => string): Subject[] {
  const { sources, inputs, transforms, outputs, edges, dataDir } = desired;
  const graph = new Graph(edges);
  const attributesOf = (id: string) => {
    const sets = inputs.filter((input) => graph.behind(input.id).has(id)).map(({ attributes }) => attributes);
    return [...new Map(sets.map((one) => [JSON.stringify(one), one])).values()];
  };
  const all = [
    ...sources.map(({ name, ...source }) => ({ ...source, id: name, attributes: [] })),
    ...inputs.map((input) => ({ ...input, attributes: [] })),
    ...[...transforms, ...outputs].map((one: DesiredComponent) => ({ ...one, attributes: attributesOf(one.id) })),
  ];
  const byType = Map.groupBy(all, ({ definition }) => definition as AnyDefinition);
  return [...byType].flatMap(([definition, components]) => {
    if (!definition.diagnose) return [];
    const examined = components.map(({ id, options, attributes }): Examined<unknown> => {
      const context: ComponentContext = {
        id,
        log: engine.log.for(id),
        host: engine.host,
        dataDir,
        resolve: toPath,
        secret: (value) => readSecret(value, toPath),
        degraded: () => {},
      };
      return { options, context, attributes };
    });
    return {
      subject: `${definition.kind} ${definition.type}`,
      components: components.map(({ id }) => id),
      findings: (signal) => definition.diagnose!(examined, signal),
    };
  });
}

/** Whatever becomes of it, what was found counts. */
async function carryOut({ findings, ...of }: Subject, deadline: number): Promise<Examination> {
  const found: Finding[] = [];
  const signal = AbortSignal.timeout(deadline);
  try {
    const iterator = findings(signal)[Symbol.asyncIterator]();
    for (;;) {
      const next = await abortable(iterator.next(), signal);
      if (next.done) break;
      found.push(next.value);
    }
  } catch (error) {
    const what = signal.aborted ? `not all was looked at: it took longer than ${deadline / 1_000} s` : messageOf(error);
    found.push({ level: signal.aborted ? 'problem' : 'warning', what });
  }
  return { ...of, findings: found };
}
