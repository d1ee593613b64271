import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { pipeline, runPipeline, startAgent, statusOf, temporaryFolder } from './support/agent.ts';
import { shop, shown } from './support/cli-readme.ts';

it('a tap that shows nothing says once why', async () => {
  const folder = temporaryFolder();
  const file = shop(folder);
  await startAgent(file);
  const log = join(folder, 'logs/a.log');
  appendFileSync(log, 'level=info msg="hello"\n');
  await vi.waitFor(async () => expect((await statusOf(file)).components[0]!.in.records).toBe(1), { timeout: 60_000 });
  const tap = pipeline('tap', file);
  await tap.printed(/nothing has passed all inputs yet: 1 file, and everything in it has been read/);
  const looking = pipeline('tap', file, '--grep', 'nowhere');
  // Some of them pass before its patience ends, however slow the machine is.
  const writer = setInterval(() => appendFileSync(log, 'level=info msg="again"\n'), 200);
  onTestFinished(() => clearInterval(writer));
  await looking.printed(/nothing is shown yet: (\d+) records? passed, \1 looked at, and none matches/);
});

it('tap shows what the README says, is harmless when it is killed, and ends with the agent', async () => {
  const folder = temporaryFolder();
  const file = shop(folder);
  const agent = await startAgent(file);
  const { args, output } = shown('tap', folder);
  const tap = pipeline(...args);
  const others = [pipeline('tap', file), pipeline('tap', file, '--json', '--where', 'msg == "on fire"')] as const;
  for (const one of [tap, ...others]) await one.printed('Ctrl-C ends it');
  appendFileSync(join(folder, 'logs/a.log'), 'level=info msg="\u001b[2Jhello"\n');
  await others[0].printed(/a\.log:0 shop=north {2}level=info msg="\ufffd\[2Jhello"\n/, 'stdout');
  await others[0].crash();
  appendFileSync(join(folder, 'logs/a.log'), 'level=error msg="no paper"\n\nlevel=error msg="on fire"\n');
  const { code, stdout, stderr } = await tap.result();
  // On a slow machine there was time to say that nothing has passed yet.
  const printed = (stderr + stdout).replace(/^nothing has passed.*\n/m, '');
  expect({ code, printed }).toEqual({ code: 0, printed: output });
  expect((await statusOf(file)).well).toBe(true);
  await agent.stop();
  expect(await others[1].result()).toMatchObject({ code: 3, stderr: expect.stringContaining('the agent stopped') });
  expect(await runPipeline('tap', file)).toMatchObject({ code: 3, stdout: '' });
});
