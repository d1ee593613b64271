import { type PathExplanation, plural } from '@logcatch/plugin-api';
import type { Discovery } from './discovery.ts';
import type { Exclusions, Pattern } from './find/glob.ts';
import { fileKey } from './identity/identity.ts';
import { statOf } from './machine/disk.ts';
import type { InputParts } from './parts.ts';
import type { Tail } from './reading/tail.ts';

export interface ExplainParts extends InputParts {
  readonly patterns: readonly Pattern[];
  readonly exclusions: Exclusions;
  readonly discovery: Discovery;
}

/** What an input knows of an absolute path; `undefined` = nothing. */
export function explain(path: string, parts: ExplainParts): PathExplanation | undefined {
  const { tails, ctx, patterns, exclusions, process } = parts;
  const stat = statOf(process.disk, path);
  // Under whatever path it is read: renamed away, or by a link.
  const same = typeof stat === 'object' ? tails.ofFile(fileKey(stat)) : undefined;
  const concerned = tails.list.filter((tail) => tail.path === path || tail.source.path === path || tail === same);
  const readHere = concerned.filter((tail) => tail === same || (tail.path === path && tail.lostAt === undefined));
  const readElsewhere = concerned.filter((tail) => !readHere.includes(tail));
  const stored = ctx.sources.known().filter((row) => row.path === path);
  const pattern = patterns.find((each) => each.matches(path));
  const about = [...readHere, ...readElsewhere].map(({ source }) => source.key);
  const sources = [...about, ...stored.map(({ key }) => key)];
  if (!pattern && sources.length === 0) return undefined;

  const reasons: string[] = [];
  if (pattern) reasons.push(`The pattern ${JSON.stringify(pattern.text)} matches it.`);
  else reasons.push('No pattern matches it.');
  const excluded = exclusions.by(path);
  if (pattern && excluded) reasons.push(`It is not read: ${excluded === path ? 'it' : excluded} is excluded.`);
  else if (pattern && readHere.length === 0) reasons.push(whyNot(path, pattern, parts));
  if (same && same.path !== path) {
    reasons.push(`It is the same file as ${same.path}${same.lostAt === undefined ? '' : ', which was renamed'}.`);
  }
  for (const tail of readHere) reasons.push(`It is read: ${stateOf(tail)}.`, ...damageOf(tail));
  for (const tail of readElsewhere) reasons.push(`What was here before is read: ${stateOf(tail)}.`);
  if (stored.length > 0) {
    const whose = readHere.length > 0 ? 'The position of another file that was here' : 'Its position';
    reasons.push(`${whose} is stored, and it is not read.`);
  }
  return { read: readHere.length > 0, reasons, sources };
}

function whyNot(path: string, pattern: Pattern, { process, troubles, finder, discovery }: ExplainParts): string {
  const trouble = troubles.of(path);
  if (trouble) return `It is not read: ${trouble}.`;
  const stat = statOf(process.disk, path);
  if (stat === undefined) return 'There is no such file at the moment.';
  if (stat === 'unknown') return 'It is not read: its folder cannot be searched.';
  if (stat.kind !== 'file') return `It is not read: it is ${stat.kind === 'folder' ? 'a folder' : 'no regular file'}.`;
  const reason = finder.whyNotFound(pattern, path) ?? discovery.newcomers.ignored({ path, stat });
  if (reason) return `It is not read: ${reason}.`;
  return 'It is not read yet: it will be found by the next look.';
}

/** What of an archive is in no account. */
function damageOf({ file }: Tail): string[] {
  const { fault, rest } = file.meta;
  if (!fault) return [];
  if (!rest) return [`It is cut off: what is missing is in no account (${fault}).`];
  return [
    `It is damaged: its last ${rest} compressed bytes, or a few less, cannot be read and are in no account (${fault}).`,
  ];
}

function stateOf(tail: Tail): string {
  const states = [`${tail.position} of ${tail.size} bytes`];
  if (tail.behind > 0 && !tail.unread) states.push(`${plural(tail.behind, 'byte')} without a line end yet`);
  if (tail.file.parked) states.push('closed until it grows');
  if (tail.paused) states.push('paused until what was read is delivered');
  if (tail.unread && tail.waits) states.push('waiting for the end of the file that was at its path before');
  if (tail.path !== tail.source.path) states.push(`found as ${tail.source.path}`);
  if (tail.lostAt !== undefined) states.push(tail.file.deleted ? 'deleted' : 'renamed away');
  if (tail.broken) states.push(`it cannot be read: ${tail.broken}`);
  return states.join('; ');
}
