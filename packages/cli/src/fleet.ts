import { writeToStderr } from '@logcatch/core';
import { LogcatchError, z } from '@logcatch/plugin-api';
import { configured, printTrouble } from './configured.ts';
import { makeEngine, printErrors } from './engine.ts';
import { exitCode } from './exit-codes.ts';
import { bytes, columns, printable } from './text.ts';

/** Milliseconds in which the reports must have come. */
const patience = 15_000;

/** What is shown of a report. Another agent wrote it, perhaps of another version. */
const report = z.object({
  host: z.string().catch('?'),
  version: z.string().catch('?'),
  inputs: z.number().catch(0),
  files: z.number().catch(0),
  unsettled_bytes: z.number().catch(0),
  sources: z
    .record(z.string(), z.object({ state: z.string(), revision: z.string().optional(), reason: z.string().optional() }))
    .catch({}),
  configuration: z
    .object({ result: z.string(), what: z.string(), reason: z.string().optional() })
    .optional()
    .catch(undefined),
});

/** An agent, as one source tells of it. */
export interface FleetAgent {
  readonly id: string;
  /** Undefined where what it wrote cannot be read. */
  readonly report: z.output<typeof report> | undefined;
}

/** `pipeline fleet FILE`: who else runs with these configuration sources, and with which revision. */
export async function fleet(file: string): Promise<void> {
  try {
    process.exitCode = await configured(makeEngine('error'), file, true, async (configuration) => {
      let code = printTrouble(configuration.sources);
      const all = await configuration.reports(AbortSignal.timeout(patience));
      for (const [name, reports] of all) {
        if (reports instanceof LogcatchError) {
          writeToStderr(printable(reports.describe()));
          code ||= exitCode.failed;
          continue;
        }
        const agents = Object.entries(reports).map(([id, text]): FleetAgent => ({ id, report: readReport(text) }));
        const own = configuration.sources.find((source) => source.name === name)?.revision;
        const { text, well } = fleetText(name, agents, own);
        console.log(text);
        if (!well) code ||= exitCode.failed;
      }
      if (all.size > 0) return code;
      writeToStderr(
        `No configuration source of ${file} has reports. Give one \`report: { prefix: /logcatch/agents }\`.`,
      );
      return code || exitCode.invalid;
    });
  } catch (error) {
    process.exitCode = printErrors(error);
  }
}

/** @param revision what the source holds now, where it could be read and is good */
export function fleetText(
  source: string,
  agents: readonly FleetAgent[],
  revision: string | undefined,
): { text: string; well: boolean } {
  if (agents.length === 0) return { text: `${source}: no agent reports`, well: true };
  const newest = revision ?? newestOf(agents.flatMap(({ report }) => report?.sources[source]?.revision ?? []));
  let behind = 0;
  let troubled = 0;
  const rows = agents.map(({ id, report }) => {
    if (!report) {
      troubled++;
      return [id, '', '', '', 'its report cannot be read'];
    }
    const known = report.sources[source];
    const late = newest !== undefined && known?.revision !== newest;
    const { trouble, result } = resultOf(report);
    if (late) behind++;
    if (trouble) troubled++;
    return [
      id,
      report.host,
      report.version,
      `${known?.revision ?? '-'}${late ? ' (behind)' : ''}`,
      `${report.inputs} inputs, ${report.files} files, ${bytes(report.unsettled_bytes)} on the way`,
      result,
    ];
  });
  const counts = [`${agents.length} ${agents.length === 1 ? 'agent' : 'agents'}`];
  if (newest !== undefined) counts.push(`newest revision ${newest}`);
  if (behind > 0) counts.push(`${behind} behind`);
  if (troubled > 0) counts.push(`${troubled} in trouble`);
  const table = columns([['agent', 'host', 'version', 'revision', 'ships', 'configuration'], ...rows]);
  return { text: [printable(`${source}: ${counts.join(', ')}`), ...table].join('\n'), well: behind + troubled === 0 };
}

/** The trouble of a source is the newer news: its value may be refused after a change of the file was applied. */
function resultOf({ sources, configuration }: NonNullable<FleetAgent['report']>): { trouble: boolean; result: string } {
  const troubled = Object.entries(sources).find(([, { reason }]) => reason !== undefined);
  if (troubled) return { trouble: true, result: `${troubled[0]} is ${troubled[1].state}: ${troubled[1].reason}` };
  if (!configuration) return { trouble: false, result: 'applied' };
  const { result, reason, what } = configuration;
  return { trouble: result !== 'applied', result: reason === undefined ? result : `${result} (${what}): ${reason}` };
}

function newestOf(revisions: readonly string[]): string | undefined {
  return revisions.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)).at(-1);
}

function readReport(text: string): FleetAgent['report'] {
  try {
    return report.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
