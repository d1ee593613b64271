import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached } from '../../test/servers/cache.ts';
import type { Contender } from './contender.ts';
import { go } from './go.ts';

const source = fileURLToPath(new URL('../rivals/go-tail', import.meta.url));

/**
 * The older design in Go: hpcloud/tail and sarama's producer. `sync` awaits the answer to each line, so it gets few.
 */
export function goTail(mode: 'sync' | 'async'): () => Promise<Contender> {
  return async () => {
    const hash = createHash('sha256');
    for (const file of ['main.go', 'go.mod', 'go.sum']) hash.update(readFileSync(join(source, file)));
    const name = `go-tail-${hash.digest('hex').slice(0, 8)}`;
    const folder = await cached(name, 'the Go program of bench/rivals/go-tail', async (target, guard) => {
      await go(['build', '-trimpath', '-o', join(target, 'go-tail'), '.'], { cwd: source, guard });
    });
    return {
      title: `Go, sarama ${mode}`,
      ends: true,
      share: mode === 'sync' ? 0.01 : 1,
      codecs: ['none', 'zstd'],
      ship: ({ brokers, topic, codec, files, lines }) => ({
        command: join(folder, 'go-tail'),
        args: [brokers.join(','), topic, mode, codec, String(lines), ...files],
      }),
    };
  };
}
