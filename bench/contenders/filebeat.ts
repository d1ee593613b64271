import { writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from '../../test/servers/cache.ts';
import type { Contender, Shipment } from './contender.ts';
import { go } from './go.ts';

const version = '7.17.29';

/** Filebeat, built from its Go module: the newest of the last line under a licence that allows it. */
export async function filebeat(): Promise<Contender> {
  const folder = await cached(`filebeat-${version}`, `Filebeat ${version} (a long build)`, async (target, guard) => {
    const module = ['mod', 'download', '-json', `github.com/elastic/beats/v7@v${version}`];
    const { Dir: source } = JSON.parse(await go(module, { cwd: target, guard })) as { Dir: string };
    // Its replace directives count only in its own module, whose folder is read-only: so copies of its go.mod and go.sum.
    const modules = join(target, 'filebeat.mod');
    for (const [from, to] of [
      ['go.mod', modules],
      ['go.sum', join(target, 'filebeat.sum')],
    ] as const) {
      await writeFile(to, await readFile(join(source, from)));
    }
    const args = ['build', '-trimpath', '-ldflags=-s -w', `-modfile=${modules}`];
    await go([...args, '-o', join(target, 'filebeat'), './filebeat'], { cwd: source, guard });
  });
  return {
    title: `Filebeat ${version}`,
    ends: false,
    share: 1,
    codecs: ['none'], // it knows no zstd
    ship: (shipment) => {
      const file = join(shipment.folder, 'filebeat.yml');
      writeFileSync(file, configuration(shipment), { mode: 0o600 });
      return { command: join(folder, 'filebeat'), args: ['-c', file, '--path.home', shipment.folder, '-e'] };
    },
  };
}

function configuration({ brokers, topic, pattern }: Shipment): string {
  return `filebeat.inputs: [{ type: filestream, id: bench, paths: ["${pattern}"] }]
output.kafka:
  hosts: [${brokers.map((broker) => `"${broker}"`).join(',')}]
  topic: ${topic}
  version: 2.1.0
  required_acks: -1
  compression: none
  codec.format.string: "%{[message]}"
logging.level: error
`;
}
