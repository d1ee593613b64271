import { type Desired, type Examination, examine, type SourceStatus } from '@logcatch/core';
import type { Finding } from '@logcatch/plugin-api';
import { configured } from './configured.ts';
import { doctorLines, lastLine } from './doctor-text.ts';
import { makeEngine, printErrors } from './engine.ts';
import { exitCode } from './exit-codes.ts';
import { print } from './print.ts';

/** `pipeline doctor FILE`: whether what it needs is there, before or while it runs. */
export async function doctor(file: string, { json = false }: { json?: boolean }): Promise<void> {
  try {
    const engine = makeEngine('error');
    const code = await configured(engine, file, true, async (configuration, desired) => {
      const all: Examination[] = [machine(), values(configuration.sources, desired)];
      const say = (one: Examination) => json || print(doctorLines(one).join('\n'), 11);
      for (const one of all) if (one.findings.length > 0) say(one);
      for (const examination of examine(desired, engine)) {
        const one = await examination;
        all.push(one);
        if (one.findings.length > 0) say(one);
      }
      const waiting = desired.waiting.map(({ id, sources }) => ({ id, sources }));
      if (json) console.log(JSON.stringify({ examinations: all, waiting }, undefined, 2));
      else print(lastLine(all, waiting));
      return all.some(({ findings }) => findings.some(({ level }) => level === 'problem'))
        ? exitCode.failed
        : exitCode.done;
    });
    // What was given up on may still hold the process.
    process.stdout.write('', () => process.exit(code));
  } catch (error) {
    process.exitCode = printErrors(error);
  }
}

function machine(): Examination {
  const user = process.getuid?.();
  const who =
    user === 0 ? 'as root, who may read everything: see what it says as the user of the agent' : `as uid ${user}`;
  return { subject: 'machine', components: [], findings: [{ level: 'ok', what: `Node ${process.version}, ${who}` }] };
}

/** What is wrong with values of sources; whether a remote one answers, and holds any, is its plugin's to say. */
function values(statuses: readonly SourceStatus[], { sources }: Desired): Examination {
  const remote = new Set(sources.filter(({ definition }) => definition.remote).map(({ name }) => name));
  const findings = statuses.flatMap(({ name, reason, hint, code }): Finding[] => {
    const told = remote.has(name) && (code === 'LC_SOURCE_ABSENT' || code === 'LC_SOURCE_UNREACHABLE');
    if (reason === '' || told) return [];
    // Often the reason says it.
    return [{ level: 'problem', what: `${name}: ${reason}`, ...(!reason.endsWith(hint) && { hint }) }];
  });
  return { subject: 'config', components: statuses.map(({ name }) => name), findings };
}
