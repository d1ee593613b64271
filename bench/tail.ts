/**
 * `pnpm bench:tail [FILES] [SECONDS] [BACKLOG_MB] [--scenes NAMES] [--only NAMES]`: what following files costs, and how late
 * lines are printed, by logcatch and by rsyslog in turn, in this run. See bench/README.md.
 */
import { TemporaryFolder } from '../test/servers/temporary-folder.ts';
import { benchOptions, chosen } from './options.ts';
import { machine, spread, table, whole } from './report.ts';
import { type SceneName, scenes } from './tail/scenes.ts';
import { Session } from './tail/session.ts';
import { logcatch, type Tailer, tailerNames, tailers } from './tail/tailer.ts';

const sceneNames = Object.keys(scenes) as SceneName[];
const options = benchOptions(
  { files: 10_000, seconds: 30, backlog_mb: 2000 },
  { scenes: sceneNames.join(','), only: tailerNames.join(',') },
);
const wanted = await tailers(chosen(options.only, tailerNames));
const folder = new TemporaryFolder('logcatch-bench-');
const { files, seconds } = options;

async function row(scene: SceneName, tailer: Tailer): Promise<string[]> {
  const session = new Session(folder.path);
  try {
    const { load, lost } = await scenes[scene](session, tailer, {
      files,
      seconds,
      backlogBytes: options.backlog_mb * 1e6,
    });
    const { delays, repeated } = session.arrivals;
    const used = [(load.share * 100).toFixed(2), whole(load.memory), whole(load.descriptors)];
    return [`${scene}: ${tailer.title}`, ...spread(delays), ...used, whole(lost), whole(repeated)];
  } finally {
    await session.stop();
  }
}

try {
  console.log(`${files} files, ${seconds} s, backlog of ${options.backlog_mb} MB; ${machine()}\n`);
  const rows: string[][] = [];
  for (const scene of chosen(options.scenes, sceneNames)) {
    if (scene === 'idle' && wanted.some(({ title }) => title === 'logcatch')) {
      rows.push(await row(scene, logcatch('logcatch, close_inactive: 5s', ', close_inactive: 5s')));
    }
    for (const tailer of wanted) rows.push(await row(scene, tailer));
  }
  const times = ['p50 (ms)', 'p99 (ms)', 'most (ms)'];
  console.log(table(['write -> output', ...times, 'CPU %', 'RSS (MB)', 'descriptors', 'lost', 'repeated'], rows));
  console.log(`\nAt the end: ${machine()}`);
} finally {
  await folder.remove();
}
