/** `{service}`: braces around one name. With a comma they are alternatives. */
const capture = /\{([A-Za-z_]\w*)\}/g;

/** Parts of a path that a pattern gives names to. */
export interface Captures {
  /** The pattern with `*` in the place of each. */
  readonly text: string;
  readonly names: readonly string[];
}

export function capturesOf(text: string): Captures {
  return { text: text.replace(capture, '*'), names: [...text.matchAll(capture)].map(([, name]) => name!) };
}

/**
 * A regular expression with a named group for each capture.
 * @param compile makes one of a glob
 */
export function capturing(glob: string, compile: (glob: string) => RegExp): RegExp {
  const marked = glob.replace(capture, (_, name: string, at: number) => {
    const first = at === 0 || glob[at - 1] === '/';
    return `${first ? 'Q0Q' : 'Q1Q'}${name}Q2Q`;
  });
  const named = new Set<string>();
  const source = compile(marked).source.replace(/Q([01])Q(\w*?)Q2Q/g, (_, kind: string, name: string) => {
    if (named.has(name)) return `\\k<${name}>`;
    named.add(name);
    // As `*`: not a leading dot.
    return `${kind === '0' ? '(?!\\.)' : ''}(?<${name}>[^/]+?)`;
  });
  return new RegExp(source);
}
