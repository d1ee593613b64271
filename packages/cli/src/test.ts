import { ConfigErrors, writeToStderr } from '@logcatch/core';
import { exitCode } from './exit-codes.ts';
import { judge } from './pipeline-test/judge.ts';
import { play } from './pipeline-test/play.ts';
import { resultText } from './pipeline-test/report.ts';
import { type PipelineTest, readTests } from './pipeline-test/test-file.ts';

type Result = 'passed' | 'failed' | 'invalid';

/** `pipeline test FILE...`: runs the tests of pipelines, each on a pipeline of its own that opens nothing. */
export async function test(files: readonly string[]): Promise<void> {
  const told = new Set<string>();
  const results: Result[] = [];
  for (const file of files) {
    if (files.length > 1) console.log(file);
    results.push(...(await resultsOf(file, told)));
  }
  const counts = Object.entries(Object.groupBy(results, (result) => result));
  console.log(counts.map(([result, all]) => `${all.length} ${result}`).join(', '));
  if (results.includes('invalid')) process.exitCode = exitCode.invalid;
  else if (results.includes('failed')) process.exitCode = exitCode.failed;
}

async function resultsOf(file: string, told: Set<string>): Promise<Result[]> {
  try {
    const results: Result[] = [];
    for (const one of await readTests(file)) results.push(await resultOf(one, told));
    return results;
  } catch (error) {
    return [invalid(error, told)];
  }
}

async function resultOf(one: PipelineTest, told: Set<string>): Promise<Result> {
  try {
    const outcome = await play(one);
    const findings = judge(one, outcome);
    console.log(resultText(one.name, findings, outcome));
    return findings.length === 0 && !outcome.failure ? 'passed' : 'failed';
  } catch (error) {
    return invalid(error, told);
  }
}

/** What is wrong with a pipeline is so in each of its tests, and is said once. */
function invalid(error: unknown, told: Set<string>): 'invalid' {
  if (!(error instanceof ConfigErrors)) throw error;
  for (const each of error.errors) {
    const text = each.describe();
    if (told.has(text)) continue;
    told.add(text);
    writeToStderr(text);
    if (text.includes('${env.')) writeToStderr('In a test `${env.NAME}` is what the test says under `env:`.');
  }
  return 'invalid';
}
