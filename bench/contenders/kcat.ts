import { run } from '../../test/servers/process.ts';
import type { Contender } from './contender.ts';

const options = ['acks=-1', 'enable.idempotence=true', 'linger.ms=5', 'queue.buffering.max.messages=1000000'];

/** librdkafka with next to nothing around it. It reads files once: no following, no positions. */
export async function kcat(): Promise<Contender> {
  const missing = 'Debian and Ubuntu: apt-get install kcat.';
  const version = /Version (\S+)/.exec(await run('kcat', ['-V'], { missing }))?.[1];
  return {
    title: `kcat ${version}`,
    ends: true,
    share: 1,
    codecs: ['none', 'zstd'],
    ship: ({ brokers, topic, codec, files }) => {
      const settings = [...options, `compression.codec=${codec}`].flatMap((option) => ['-X', option]);
      const args = ['-P', '-b', brokers.join(','), '-t', topic, ...settings];
      if (files.length === 1) return { command: 'kcat', args: [...args, '-l', files[0]!] };
      // It takes the lines of one file only. The shell waits for both, so the CPU of cat counts too.
      return { command: 'sh', args: ['-c', `cat "$@" | kcat ${args.join(' ')}`, 'sh', ...files] };
    },
  };
}
