import type { Edge } from '@logcatch/plugin-api';
import type { Reference } from './body.ts';
import type { Declared } from './component.ts';
import type { Problems } from './problem.ts';
import { either, nearest, quote } from './wording.ts';

/** An edge between components as the file declares them. */
interface Link {
  readonly from: Declared;
  readonly exit?: string;
  readonly to: Declared;
}

/** What components say they read, as far as it can be understood. */
interface Said {
  readonly links: readonly Link[];
  /** Whether any of it could mean any component: then nobody can be said to be read by none. */
  readonly vague: boolean;
  /** What was probably meant by what is wrong. */
  readonly meant: ReadonlySet<Declared>;
}

/**
 * The edges of a pipeline. Where no component says `inputs`, the file reads top to bottom: every input, each transform in
 * order, every output. An input with `each` stands for all of its entries.
 * @param declared inputs, then transforms, then outputs, each in the order of the file
 */
export function wire(declared: readonly Declared[], problems: Problems): Edge[] {
  const readers = declared.filter(({ kind }) => kind !== 'input');
  const said = readers.some(({ inputs }) => inputs !== undefined)
    ? linksSaid(declared, readers, problems)
    : { links: chain(declared, problems), vague: true, meant: new Set<Declared>() };
  const { links } = said;
  if (!said.vague) reportUnread(declared, said, problems);
  reportCycles(links, problems);
  return links.flatMap(({ from, exit, to }) => {
    const entries = from.kind === 'input' ? from.components.map(({ id }) => id) : [];
    const ids = entries.length > 0 ? entries : [from.id];
    return ids.map((id) => ({ from: id, ...(exit === undefined ? {} : { exit }), to: to.id }));
  });
}

function chain(declared: readonly Declared[], problems: Problems): Link[] {
  const links: Link[] = [];
  let from = declared.filter(({ kind }) => kind === 'input');
  for (const to of declared) {
    if (to.kind === 'input') continue;
    for (const one of from) links.push({ from: one, to });
    if (to.kind === 'output') continue;
    from = [to];
    if (to.exits === 'unknown' || to.exits.length === 0) continue;
    const message = `it has several exits (${to.exits.join(', ')}), so every transform and output must say what it reads`;
    fault(to, message, problems, {
      hint: `Give them \`inputs:\`, such as \`inputs: [${to.id}.${to.exits[0]}]\`.`,
    });
  }
  return links;
}

function linksSaid(declared: readonly Declared[], readers: readonly Declared[], problems: Problems): Said {
  const links: Link[] = [];
  const meant = new Set<Declared>();
  let vague = readers.some(({ inputs }) => inputs === undefined || inputs === 'faulty');
  // Of two with one id, which is reported, the first counts.
  const byId = new Map(declared.toReversed().map((one) => [one.id, one]));
  const example = readers.find(({ inputs }) => inputs !== undefined);
  for (const to of readers) {
    if (to.inputs === undefined) {
      const message = `it says no \`inputs:\`, but ${example?.path.join('.')} does: where one says them, every transform and output must`;
      fault(to, message, problems);
    } else if (to.inputs !== 'faulty') {
      const seen = new Set<string>();
      for (const reference of to.inputs) {
        if (seen.has(reference.text)) fault(to, `${quote(reference.text)} is listed twice`, problems, { reference });
        seen.add(reference.text);
        const link = linkTo(to, reference, byId, problems);
        if (link === undefined) vague = true;
        else if ('meant' in link) meant.add(link.meant);
        else links.push(link);
      }
    }
  }
  return { links, vague, meant };
}

/** Reports a reference that is wrong. Then it gives what was probably meant by it, if anything. */
function linkTo(
  to: Declared,
  reference: Reference,
  byId: ReadonlyMap<string, Declared>,
  problems: Problems,
): Link | { readonly meant: Declared } | undefined {
  const { text } = reference;
  const [id = '', ...rest] = text.split('.');
  const exit = rest.length === 0 ? undefined : rest.join('.');
  const from = byId.get(id);
  const refuse = (message: string, hint?: string, meant = from) => {
    fault(to, message, problems, { reference, ...(hint === undefined ? {} : { hint }) });
    return meant && meant.kind !== 'output' ? { meant } : undefined;
  };
  if (from === undefined) {
    const [component = ''] = id.split('/');
    const whole = byId.get(component);
    if (whole?.kind === 'input') {
      return refuse(
        `${quote(text)} is one entry; \`inputs:\` names components`,
        `Write ${quote(component)} for all of its entries.`,
        whole,
      );
    }
    const others = [...byId.values()].filter((one) => one !== to);
    const names = new Map(others.flatMap((one) => namesOf(one).map((name) => [name, one])));
    const near = nearest(text, [...names.keys()]);
    const suggestion = near === undefined ? '' : `, did you mean ${quote(near)}?`;
    return refuse(`there is no component ${quote(id)}${suggestion}`, undefined, names.get(near ?? ''));
  }
  if (from.kind === 'output') return refuse(`${quote(id)} is an output: nothing comes out of it`);
  if (from.exits === 'unknown') return { from, to };
  const valid = from.exits.map((one) => `${id}.${one}`);
  if (exit === undefined && valid.length > 0) {
    return refuse(`${quote(id)} has several exits, name one`, `Write ${either(valid)}.`);
  }
  if (exit === undefined) return { from, to };
  if (valid.length === 0) return refuse(`${quote(id)} has no exits`, `Write ${quote(id)}.`);
  if (from.exits.includes(exit)) return { from, exit, to };
  const near = nearest(exit, from.exits);
  const meant = near === undefined ? '' : `, did you mean ${quote(`${id}.${near}`)}?`;
  return refuse(`${quote(id)} has no exit ${quote(exit)}${meant}`, `Its exits: ${valid.join(', ')}.`);
}

/** How others may refer to a component. */
function namesOf({ kind, id, exits }: Declared): string[] {
  if (kind === 'output') return [];
  return exits === 'unknown' || exits.length === 0 ? [id] : exits.map((exit) => `${id}.${exit}`);
}

function reportUnread(declared: readonly Declared[], { links, meant }: Said, problems: Problems): void {
  const read = new Set([...links.map(({ from }) => from), ...meant]);
  for (const one of declared) {
    if (one.kind === 'output' || read.has(one)) continue;
    // Without any output there is nobody to read it: that is said once.
    if (!declared.some(({ kind }) => kind === 'output')) continue;
    const [name = one.id] = namesOf(one);
    fault(one, 'nothing reads it, so its records would go nowhere', problems, {
      hint: `Add ${quote(name)} to the \`inputs:\` of a transform or output, or remove it.`,
    });
  }
}

/** Walks along the links, depth first, without recursion: a file may chain more transforms than the stack holds calls. */
function reportCycles(links: readonly Link[], problems: Problems): void {
  const next = Map.groupBy(links, ({ from }) => from);
  const done = new Set<Declared>();
  for (const start of next.keys()) {
    if (done.has(start)) continue;
    const way: { readonly at: Declared; readonly rest: Link[] }[] = [];
    const onWay = new Set<Declared>();
    const enter = (at: Declared) => {
      way.push({ at, rest: next.get(at)?.toReversed() ?? [] });
      onWay.add(at);
    };
    enter(start);
    for (let last = way.at(-1); last !== undefined; last = way.at(-1)) {
      const to = last.rest.pop()?.to;
      if (to === undefined) {
        way.pop();
        onWay.delete(last.at);
        done.add(last.at);
      } else if (onWay.has(to)) {
        const ids = way.map(({ at }) => at.id);
        const cycle = [...ids.slice(ids.indexOf(to.id)), to.id].join(' -> ');
        fault(to, `its records would go round for ever: ${cycle}`, problems);
      } else if (!done.has(to)) {
        enter(to);
      }
    }
  }
}

function fault(
  { path, origin }: Declared,
  message: string,
  problems: Problems,
  { reference, hint }: { readonly reference?: Reference; readonly hint?: string } = {},
): void {
  problems.add({
    code: 'LC_CONFIG_WIRING',
    path: reference === undefined ? path : [...path, 'inputs'],
    origin: reference?.origin ?? origin,
    message,
    ...(hint === undefined ? {} : { hint }),
  });
}
