import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { describeWith } from './servers/require.ts';
import { pipeline, pipelineFile, runPipeline, temporaryFolder } from './support/agent.ts';
import { blocks } from './support/document.ts';
import { EtcdKey } from './support/etcd.ts';
import { ownEtcd } from './support/own-server.ts';

/** The one block of this language in the README that contains this. */
function block(language: string, part: string): string {
  const [found, ...others] = blocks('plugins/config-etcd/README.md', language).filter((text) => text.includes(part));
  if (found === undefined || others.length > 0) throw new Error(`not one ${language} block with ${part}`);
  return found;
}

/** What `fleet` says, without hosts, versions and numbers of revisions. */
function tableOf(said: string): string[][] {
  const rows = said
    .trim()
    .split('\n')
    .map((line) => line.replaceAll(/revision \d+/g, 'revision N').split(/ {2,}/));
  return rows.map(([id = '', , , revision = '', ...others]) => [id, revision.replace(/\d+/, 'N'), ...others]);
}

/** Keys, with the types of their values. */
const typesOf = (json: string) =>
  JSON.parse(json, (_, value) => (typeof value === 'object' ? value : typeof value)) as unknown;

describeWith(['etcd'], "the README of etcd's source", () => {
  it('shows what the fleet command and the status of an agent are', async () => {
    const { url } = await ownEtcd();
    const list = new EtcdKey(url, '/logcatch/collect');
    const log = join(temporaryFolder(), 'a.log');
    writeFileSync(log, 'one\n');
    const shown = block('yaml', 'report:').replace('etcd-1:2379', url);
    const first = pipelineFile(temporaryFolder(), shown, 'prod.yaml');
    const older = shown.replace('web-1', 'web-2').replace('paths:', 'id: "${each.id}", paths:');
    const second = pipelineFile(temporaryFolder(), older, 'prod.yaml');
    const fleetSays = (text: string, code: number) =>
      vi.waitFor(
        async () => {
          const { stdout, ...end } = await runPipeline('fleet', first);
          expect(tableOf(stdout)).toEqual(tableOf(text));
          expect(end).toEqual({ code, stderr: '' });
        },
        { timeout: 60_000, interval: 50 },
      );

    const trouble = block('text', 'pipeline fleet').replace(/^\$.*\n/, '');
    const well = trouble
      .replace(', 1 behind, 1 in trouble', '')
      .replace(' (behind)', '')
      .replace(/collect is degraded.*/, 'applied');
    await list.put([{ id: 'app', path: log }]);
    for (const file of [first, second]) pipeline('run', file);
    await fleetSays(well, 0);
    await list.put([{ path: log }]);
    await fleetSays(trouble, 1);
    const status = await new EtcdKey(url, '/logcatch/agents/web-2').get();
    expect(typesOf(status!)).toEqual(typesOf(block('json', 'agent_id')));
  });
});
