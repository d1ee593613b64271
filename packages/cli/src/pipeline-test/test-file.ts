import { existsSync } from 'node:fs';
import { dirname, parse, resolve } from 'node:path';
import { ConfigErrors, checkedDocument, type PipelineDocument, readDocument } from '@logcatch/core';
import { LogcatchError, type Origin } from '@logcatch/plugin-api';
import { type GivenStep, type OneTest, testFileSchema, testsSchema } from './test-schema.ts';

/** A value that a test gives to a configuration source. */
export interface GivenValue {
  readonly value: unknown;
  /** Place of what stands at this path in the value. */
  originOf(path: KeyPath): Origin;
}

/** Records that come together, from one place. */
export interface Step extends Omit<GivenStep, 'lines'> {
  readonly lines: readonly string[];
  /** Place of the step, or of what it says under a key. */
  originOf(key?: string): Origin;
}

/** One test of a pipeline, with what it is run on. */
export interface PipelineTest {
  readonly name: string;
  /** Path of the pipeline file. */
  readonly pipeline: string;
  readonly env: Readonly<Record<string, string>>;
  /** By the name of the source. */
  readonly config: ReadonlyMap<string, GivenValue>;
  readonly steps: readonly Step[];
  readonly expect: OneTest['expect'];
  /** Place of what stands at this path in the test. */
  originOf(path: KeyPath): Origin;
}

type KeyPath = readonly (string | number)[];

const testName = /\.test\.ya?ml$/;

/**
 * The tests that a file holds: a test file, or a pipeline file with `tests:`, with a test file beside it, or both.
 * @throws ConfigErrors
 */
export async function readTests(file: string): Promise<PipelineTest[]> {
  if (testName.test(file)) return testsOfTestFile(file);
  const own = await testsOfPipeline(file);
  const beside = testFilesOf(file).filter((path) => existsSync(path));
  const all = [...own, ...(await Promise.all(beside.map(testsOfTestFile))).flat()];
  if (all.length > 0) return all;
  throw new ConfigErrors([
    new LogcatchError('LC_CONFIG_VALUE', 'it has no tests', {
      origin: { file },
      hint: `Write them under \`tests:\`, or in ${testFilesOf(file)[0]}: see docs/testing-pipelines.md.`,
    }),
  ]);
}

async function testsOfPipeline(file: string): Promise<PipelineTest[]> {
  const document = await readDocument(file);
  if ((document.value as { tests?: unknown }).tests === undefined) return [];
  const { tests } = checkedDocument(document, testsSchema, ['tests']);
  return tests.map((test, index) => testOf(test, index, file, document));
}

async function testsOfTestFile(file: string): Promise<PipelineTest[]> {
  const document = await readDocument(file);
  const {
    pipeline = parse(file).base.replace(testName, '.yaml'),
    env,
    config,
    tests,
  } = checkedDocument(document, testFileSchema);
  const path = shown(file, resolve(dirname(file), pipeline));
  const values = valuesOf(config, [], document);
  return tests.map((test, index) => {
    const one = testOf(test, index, path, document);
    return { ...one, env: { ...env, ...one.env }, config: new Map([...values, ...one.config]) };
  });
}

function testOf(
  { name, env, config, given, expect }: OneTest,
  index: number,
  pipeline: string,
  document: PipelineDocument,
) {
  const path = ['tests', index];
  const originOf = (at: KeyPath) => document.originOf([...path, ...at]);
  return {
    name,
    pipeline,
    env,
    config: valuesOf(config, path, document),
    steps: stepsOf(given, originOf),
    expect,
    originOf,
  };
}

function valuesOf(
  config: Readonly<Record<string, unknown>>,
  path: KeyPath,
  document: PipelineDocument,
): Map<string, GivenValue> {
  const entries = Object.entries(config).map(([name, value]): [string, GivenValue] => [
    name,
    { value, originOf: (at) => document.originOf([...path, 'config', name, ...at]) },
  ]);
  return new Map(entries);
}

/** Texts in a row are the records of one step. */
function stepsOf(given: OneTest['given'], originOf: (path: KeyPath) => Origin): Step[] {
  const stepOf = (step: GivenStep, ...at: number[]): Step => ({
    ...step,
    lines: linesOf(step.lines),
    originOf: (key) => originOf(['given', ...at, ...(key === undefined ? [] : [key])]),
  });
  if (typeof given === 'string') return [stepOf({ lines: given })];
  if (!Array.isArray(given)) return [stepOf(given)];
  const steps: Step[] = [];
  let texts: string[] | undefined;
  for (const [index, item] of given.entries()) {
    if (typeof item !== 'string') {
      texts = undefined;
      steps.push(stepOf(item, index));
    } else if (texts) texts.push(item);
    else {
      texts = [item];
      steps.push(stepOf({ lines: texts }, index));
    }
  }
  return steps;
}

/** A text is the content of a file, a list are records as they are. */
function linesOf(lines: string | string[]): string[] {
  return typeof lines === 'string' ? lines.replace(/\n$/, '').split('\n') : lines;
}

function testFilesOf(pipeline: string): string[] {
  const { dir, name } = parse(pipeline);
  return ['.yaml', '.yml'].map((extension) => shown(pipeline, resolve(dir, `${name}.test${extension}`)));
}

/** A path beside a file, as that file was named. */
function shown(file: string, path: string): string {
  return dirname(path) === resolve(dirname(file))
    ? file.slice(0, file.length - parse(file).base.length) + parse(path).base
    : path;
}
