import { constants, readFileSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { abortable, type Examined, type Finding, networkFileSystem, plural } from '@logcatch/plugin-api';
import { Finder } from './find/finder.ts';
import { Exclusions, Pattern } from './find/glob.ts';
import { type Rotation, unmatchedRotations } from './find/rotations.ts';
import { clock } from './machine/clock.ts';
import { disk } from './machine/disk.ts';
import { Slices } from './machine/slices.ts';
import { missingFolders } from './no-file.ts';
import type { Options } from './options.ts';
import { descriptorLimit, usualMost } from './process/handle-table.ts';

/** Files and folders of one kind of trouble that are named. */
const mostNamed = 10;
/** Descriptors that an agent needs besides those of files. */
const leastDescriptors = 128;

type Patient = Examined<Options>;

/** Whether the files of all inputs can be found, read and followed. */
export async function* diagnose(components: readonly Patient[], signal: AbortSignal): AsyncGenerator<Finding> {
  const files = new Set<string>();
  /** Folders of files. */
  const holding = new Set<string>();
  const watched = new Set<string>();
  const troubles = new Map<string, string | undefined>();
  const slices = new Slices(clock);
  for (const { options, context } of components) {
    const resolve = (path: string) => context.resolve(path);
    const exclusions = new Exclusions(options.exclude ?? [], resolve);
    const patterns = options.paths.map((text) => new Pattern(text, resolve));
    const found = await abortable(new Finder({ disk, slices, patterns, exclusions }).all(), signal);
    for (const { path, message, hint } of found.problems) troubles.set(message, hint ?? rights(path));
    for (const path of found.files.keys()) {
      files.add(path);
      holding.add(dirname(path));
    }
    if (options.watch === 'auto') for (const folder of found.folders) watched.add(folder);
    const rotated = await abortable(unmatchedRotations(found.files, exclusions), signal);
    if (rotated.length > 0) yield notMatched(context.id, rotated);
    if (found.files.size === 0) {
      const hint = 'Files that appear later are read. If there should be some by now, check the patterns.';
      yield { level: 'warning', what: `${context.id}: no file matches ${options.paths.join(', ')}`, hint };
    } else {
      for (const folder of missingFolders(patterns, disk)) yield notThere(context.id, folder);
    }
  }
  if (files.size > 0)
    yield { level: 'ok', what: `${plural(files.size, 'file')} in ${plural(holding.size, 'folder')} match` };
  for (const path of files) {
    signal.throwIfAborted();
    await access(path, constants.R_OK).catch(({ code }: NodeJS.ErrnoException) =>
      troubles.set(`${path} cannot be read: ${code}`, rights(path)),
    );
  }
  for (const [what, hint] of [...troubles].slice(0, mostNamed)) yield problem(what, hint);
  if (troubles.size > mostNamed) yield problem(`and ${troubles.size - mostNamed} more of that kind`);
  if (files.size > 0 && troubles.size === 0) yield { level: 'ok', what: `all can be read by ${whoAmI()}` };
  yield descriptors(
    files.size,
    Math.min(usualMost(), ...components.flatMap(({ options }) => options.max_open_files ?? [])),
  );
  if (watched.size > 0) yield* watches(watched.size);
  for (const folder of watched) {
    const network = await abortable(networkFileSystem(folder), signal);
    if (network === undefined) continue;
    const hint = 'Set `watch: poll` for its input.';
    yield {
      level: 'warning',
      what: `${folder} is on a network file system (${network}), which tells no changes`,
      hint,
    };
  }
}

function notThere(id: string, folder: string): Finding {
  const hint = 'Files are read when it comes. If it should be there by now, check the pattern that begins with it.';
  return { level: 'warning', what: `${id}: there is no folder ${folder}`, hint };
}

function notMatched(id: string, rotated: readonly Rotation[]): Finding {
  const { path, name } = rotated[0]!;
  const are = rotated.length === 1 ? 'is' : 'are';
  const what = `${id}: ${plural(rotated.length, 'rotated file')} beside a matched one ${are} not matched, such as ${path}`;
  const hint = `What comes and is renamed, or is compressed, while logcatch does not run is then not read: let the pattern lead to them (${name}*), or name them under \`exclude\`.`;
  return { level: 'warning', what, hint };
}

function descriptors(files: number, open: number): Finding {
  const limit = descriptorLimit();
  const hint =
    'Raise how many files the process may open (`ulimit -n`, LimitNOFILE= of a service), and see max_open_files.';
  if (limit < leastDescriptors) return { level: 'problem', what: `a process may open ${limit} files only`, hint };
  if (files <= open) return { level: 'ok', what: `a process may open ${limit} files: enough to keep all open` };
  const what = `of ${files} files ${open} are open at once (a process may open ${limit}), the others when they have grown`;
  return { level: 'warning', what, hint };
}

/** inotify: one instance for the process, a watch for each folder. */
function* watches(folders: number): Generator<Finding> {
  const most = inotify('max_user_watches');
  const instances = inotify('max_user_instances');
  if (most === undefined || instances === undefined) return;
  const hint = (name: string) =>
    `\`sysctl -w fs.inotify.${name}=...\`, and in /etc/sysctl.d to keep it. Until then it polls.`;
  const what = `${plural(folders, 'folder')} to watch, and a user may watch ${most} (inotify)`;
  // Others of the same user watch too.
  if (folders * 2 > most) yield { level: 'warning', what, hint: hint('max_user_watches') };
  else yield { level: 'ok', what };
  if (instances >= 16) return;
  const few = `a user may have ${instances} inotify instances: with other programs that is soon too few`;
  yield { level: 'warning', what: few, hint: hint('max_user_instances') };
}

function inotify(name: string): number | undefined {
  try {
    return Number(readFileSync(`/proc/sys/fs/inotify/${name}`, 'utf8'));
  } catch {
    // Not Linux.
    return undefined;
  }
}

function problem(what: string, hint?: string): Finding {
  return { level: 'problem', what, ...(hint !== undefined && { hint }) };
}

function rights(path: string): string {
  return `Let ${whoAmI()} read it and search its folders, as with \`setfacl -m u:${userId()}:rX ${path}\`, or run as another user.`;
}

function userId(): number {
  return process.getuid?.() ?? 0;
}

function whoAmI(): string {
  try {
    return `${userInfo().username} (uid ${userId()})`;
  } catch {
    return `uid ${userId()}`;
  }
}
