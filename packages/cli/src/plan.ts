import { askAgent, dataDirOf, type FilePlan, writeToStderr } from '@logcatch/core';
import { printErrors } from './engine.ts';
import { exitCode } from './exit-codes.ts';
import { columns, plainLine } from './text.ts';

/** `pipeline plan FILE`: what the running agent would do with the file as it is now. */
export async function plan(file: string): Promise<void> {
  try {
    const answer = (await askAgent(await dataDirOf(file, process.env), 'POST', '/plan')) as FilePlan;
    if (answer.result === 'refused') {
      for (const error of answer.errors) writeToStderr(plainLine(error));
      writeToStderr('The running agent would refuse this, and go on as it is.');
      process.exitCode = exitCode.invalid;
      return;
    }
    console.log(planText(answer));
    for (const error of answer.refused) writeToStderr(plainLine(error));
    if (answer.refused.length > 0) writeToStderr('Newest values of sources are refused; the ones before them go on.');
    process.exitCode = answer.refused.length > 0 ? exitCode.failed : exitCode.done;
  } catch (error) {
    process.exitCode = printErrors(error);
  }
}

export function planText(answer: Exclude<FilePlan, { result: 'refused' }>): string {
  if (answer.result === 'unchanged') return 'Nothing would change.';
  const { plan, renamed, waiting } = answer;
  const notes = new Map(
    renamed.map(({ id, before }) => [id, `does not go on where ${before} stands: positions belong to an input's id`]),
  );
  const { sources, settings, ...components } = plan;
  return columns([
    ...Object.entries(components).flatMap(([verb, ids]) =>
      ids.map((id: string) => [verb, id, (verb === 'add' ? notes.get(id) : explanations[verb]) ?? '']),
    ),
    ...Object.entries(sources).flatMap(([verb, names]) => names.map((name) => [verb, name, 'configuration source'])),
    ...settings.map((key) => ['change', key, 'setting']),
    ...waiting.map(({ id, sources }) => ['wait', id, `for a value of ${sources.join(', ')}`]),
  ]).join('\n');
}

const explanations: Readonly<Record<string, string>> = {
  change: 'rebuilt; what is on its way through it is drained first',
  retag: 'new attributes, taken live',
  remove: 'its position stays',
  relink: 'stays, its edges are made anew',
};
