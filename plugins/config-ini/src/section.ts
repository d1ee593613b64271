import type { Origin, TextTree } from '@logcatch/plugin-api';
import { badLine, type KeyLine } from './line.ts';

/** A key: one value, or those of a list. */
interface Key {
  readonly values: string[];
  /** Of each value. */
  readonly origins: Origin[];
  list: boolean;
}

/** The keys and sections below one header. */
export class Section {
  /** Without a prototype, so that a key may be called `__proto__`. */
  readonly texts: { [key: string]: string | readonly string[] | TextTree } = Object.create(null);
  readonly origin: Origin;
  readonly #members = new Map<string, Key | Section>();

  constructor(origin: Origin) {
    this.origin = origin;
  }

  /** The section of these names, each below the one before. @throws LC_SOURCE_BAD when one is a key */
  section(names: readonly string[], origin: Origin): Section {
    let section: Section = this;
    for (const name of names) section = section.#child(name, origin);
    return section;
  }

  /** Adds a value: to a list, or in place of the one before. @throws LC_SOURCE_BAD when the key is a section */
  add({ key, value, list, origin }: KeyLine): void {
    const before = this.#members.get(key);
    if (before instanceof Section) {
      throw badLine(`\`${key}\` is already a section, at line ${before.origin.line}`, origin);
    }
    const entry = before && (list || before.list) ? before : { values: [], origins: [], list };
    entry.values.push(value);
    entry.origins.push(origin);
    entry.list ||= list;
    this.#members.set(key, entry);
    this.texts[key] = entry.list ? entry.values : value;
  }

  /** Place of what is at this path, or of its nearest ancestor. */
  originOf([name, ...rest]: readonly (string | number)[]): Origin {
    const member = name === undefined ? undefined : this.#members.get(String(name));
    if (member instanceof Section) return member.originOf(rest);
    return member?.origins[Number(rest[0] ?? 0)] ?? member?.origins[0] ?? this.origin;
  }

  #child(name: string, origin: Origin): Section {
    const member = this.#members.get(name);
    if (member instanceof Section) return member;
    if (member) throw badLine(`\`${name}\` is already a key, at line ${member.origins[0]!.line}`, origin);
    const section = new Section(origin);
    this.#members.set(name, section);
    this.texts[name] = section.texts;
    return section;
  }
}
