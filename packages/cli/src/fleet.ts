import { type SourceStatus, writeToStderr } from '@logcatch/core';
import { LogcatchError, plural, z } from '@logcatch/plugin-api';
import { configured, printTrouble } from './configured.ts';
import { makeEngine, printErrors } from './engine.ts';
import { exitCode } from './exit-codes.ts';
import { bytes, columns, plainLine } from './text.ts';

/** Milliseconds in which the reports must have come. */
const patience = 15_000;

/** What is shown of a report. Another agent wrote it, perhaps of another version. */
const report = z.object({
  host: z.string().catch('?'),
  version: z.string().catch('?'),
  inputs: z.number().catch(0),
  files: z.number().catch(0),
  lag_bytes: z.number().catch(0),
  sources: z
    .record(
      z.string(),
      z.object({
        summary: z.string().catch(''),
        state: z.string(),
        revision: z.string().optional(),
        reason: z.string().optional(),
      }),
    )
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
          writeToStderr(plainLine(reports.describe()));
          code ||= exitCode.failed;
          continue;
        }
        const agents = Object.entries(reports).map(([id, text]): FleetAgent => ({ id, report: readReport(text) }));
        const own = configuration.sources.find((source) => source.name === name)!;
        const { text, well } = fleetText(own, agents);
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

/** @param own the source as this file has it; its revision, where the value could be read and is good, is what agents should have */
export function fleetText(
  own: Pick<SourceStatus, 'name' | 'summary' | 'revision'>,
  agents: readonly FleetAgent[],
): { text: string; well: boolean } {
  const { name, summary } = own;
  if (agents.length === 0) return { text: `${name}: no agent reports`, well: true };
  const knownOf = ({ report }: FleetAgent) => report?.sources[name];
  const comparable = agents.flatMap((agent) =>
    knownOf(agent)?.summary === summary ? (knownOf(agent)?.revision ?? []) : [],
  );
  const newest = own.revision ?? newestOf(comparable);
  const counts = { behind: 0, elsewhere: 0, troubled: 0 };
  const rows = agents.map((agent) => {
    const { id, report } = agent;
    if (!report) {
      counts.troubled++;
      return [id, '', '', '', 'its report cannot be read'];
    }
    const known = knownOf(agent);
    // Two files may give one name to two keys, whose revisions have nothing to do with each other.
    const elsewhere = known !== undefined && known.summary !== summary;
    const late = !elsewhere && newest !== undefined && known?.revision !== newest;
    const { trouble, result } = resultOf(report);
    if (late) counts.behind++;
    if (elsewhere) counts.elsewhere++;
    if (trouble) counts.troubled++;
    return [
      id,
      report.host,
      report.version,
      `${known?.revision ?? '-'}${late ? ' (behind)' : ''}${elsewhere ? ` (${known.summary || 'of something else'})` : ''}`,
      `${plural(report.inputs, 'input')}, ${plural(report.files, 'file')}, ${bytes(report.lag_bytes)} behind`,
      result,
    ];
  });
  const heading = [
    `${agents.length} ${agents.length === 1 ? 'agent' : 'agents'}`,
    ...(newest === undefined ? [] : [`newest revision ${newest}`]),
    ...(counts.behind > 0 ? [`${counts.behind} behind`] : []),
    ...(counts.elsewhere > 0 ? [`${counts.elsewhere} with another ${name}`] : []),
    ...(counts.troubled > 0 ? [`${counts.troubled} in trouble`] : []),
  ];
  const table = columns([['agent', 'host', 'version', 'revision', 'ships', 'configuration'], ...rows]);
  const text = [plainLine(`${name}: ${heading.join(', ')}`), ...table].join('\n');
  return { text, well: counts.behind + counts.troubled === 0 };
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
