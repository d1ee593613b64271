import { LogcatchError, messageOf, type Origin } from '@logcatch/plugin-api';
import * as yaml from 'yaml';
import type { KeyPath } from './problem.ts';
import type { Places } from './value.ts';
import { quote } from './wording.ts';

/** What a YAML text holds, and where; or all that is wrong with it. */
export interface Parsed {
  readonly value: unknown;
  readonly places: Places;
  readonly errors: readonly LogcatchError[];
}

/** Aliases may stand for this many nodes each, and no more: some texts would grow without end. */
const maxAliasCount = 100_000;

/** Tags that say what YAML finds out by itself. */
const plainTags = new Set(
  ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((tag) => `tag:yaml.org,2002:${tag}`),
);

/** Reads YAML 1.2 with merge keys, without tags, all keys being texts. */
export function parseYaml(file: string, text: string): Parsed {
  const counter = new yaml.LineCounter();
  const placeOf = (offset: number): Origin => {
    const { line, col } = counter.linePos(offset);
    // Before the first line is counted there is only its beginning.
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const errors: LogcatchError[] = [];
  const refuse = (message: string, offset: number) =>
    errors.push(new LogcatchError('LC_CONFIG_SYNTAX', message, { origin: placeOf(offset), ...hintAt(text, offset) }));

  let value: unknown;
  let places: Places = { originOf: () => placeOf(0), keyOriginOf: () => placeOf(0) };
  try {
    const document = yaml.parseDocument(text, {
      lineCounter: counter,
      merge: true,
      stringKeys: true,
      prettyErrors: false,
      // The parser's own check compares every key with every other: see checkKeys.
      uniqueKeys: false,
      logLevel: 'error',
    });
    for (const [index, { code, message, pos }] of document.errors.entries()) {
      // After a mistake the parser may believe that the document has ended, and wonder about all that follows.
      if (index === 0 || !message.includes('in YAML stream')) refuse(wordings[code] ?? message, pos[0]);
    }
    const targets = targetsOf(document, refuse);
    checkNodes(document, targets, refuse);
    if (errors.length === 0) value = document.toJS({ maxAliasCount });
    places = placesOf(document, targets, placeOf);
  } catch (error) {
    // The parser and `toJS` give up on texts that nest without end or whose aliases grow without end.
    const reason = messageOf(error);
    if (error instanceof RangeError) refuse('it is nested too deep', 0);
    else refuse(reason.includes('alias count') ? 'its aliases stand for too much data' : reason, 0);
  }
  return { value, places, errors: oncePerLine(errors) };
}

/** Messages of the parser that say little to people who never read its code. */
const wordings: Partial<Record<yaml.ErrorCode, string>> = {
  NON_STRING_KEY: 'a key must be text',
  RESOURCE_EXHAUSTION: 'it is nested too deep',
  MULTIPLE_DOCS: 'a pipeline file holds one YAML document',
};

type Refuse = (message: string, offset: number) => void;
/** What aliases stand for; none where no anchor stands before. */
type Targets = ReadonlyMap<yaml.Alias, yaml.Node>;

/** Finds what aliases stand for, all at once: a look-up by the library goes through the whole document. */
function targetsOf(document: yaml.Document.Parsed, refuse: Refuse): Targets {
  const anchors = new Map<string, yaml.Node>();
  const targets = new Map<yaml.Alias, yaml.Node>();
  yaml.visit(document, {
    Node(_key, node) {
      if (!yaml.isAlias(node)) {
        if (node.anchor !== undefined) anchors.set(node.anchor, node);
        return;
      }
      const offset = node.range?.[0] ?? 0;
      const source = anchors.get(node.source);
      if (source === undefined) refuse(`no anchor ${quote(`&${node.source}`)} stands before this alias`, offset);
      else targets.set(node, source);
      // An anchor that stands before its alias and ends after it.
      if (source?.range && offset < source.range[2]) refuse('this alias holds itself', offset);
    },
  });
  return targets;
}

/** Refuses what the parser lets pass: tags, keys that come twice, and merge keys whose value cannot be merged. */
function checkNodes(document: yaml.Document.Parsed, targets: Targets, refuse: Refuse): void {
  yaml.visit(document, {
    Node(_key, node) {
      if (yaml.isAlias(node)) return;
      if (node.tag !== undefined && !plainTags.has(node.tag)) {
        refuse(`the tag ${quote(node.tag)} is not known here`, offsetOf(node) ?? 0);
      }
      if (yaml.isMap(node)) checkKeys(node, refuse);
    },
    Pair(_key, pair) {
      if (!isMergeKey(pair) || !yaml.isNode(pair.value)) return;
      const value = target(pair.value, targets);
      const sources = (yaml.isSeq(value) ? value.items : [value]).map((source) => target(source, targets));
      // An alias without a target is reported as such.
      if (!sources.every((source) => yaml.isMap(source) || yaml.isAlias(source))) {
        refuse('`<<` takes maps', pair.value.range?.[0] ?? 0);
      }
    },
  });
}

function checkKeys(map: yaml.YAMLMap, refuse: Refuse): void {
  const seen = new Set<string>();
  for (const pair of map.items) {
    if (isMergeKey(pair)) continue;
    const key = keyText(pair);
    if (seen.has(key)) refuse(`the key ${quote(key)} is in this map already`, offsetOf(pair.key) ?? 0);
    seen.add(key);
  }
}

function placesOf(document: yaml.Document.Parsed, targets: Targets, placeOf: (offset: number) => Origin): Places {
  const index = new WeakMap<yaml.YAMLMap, Map<string, yaml.Pair>>();
  const pairsOf = (map: yaml.YAMLMap): Map<string, yaml.Pair> => {
    let pairs = index.get(map);
    if (pairs !== undefined) return pairs;
    pairs = new Map();
    index.set(map, pairs);
    for (const pair of map.items) if (!isMergeKey(pair)) pairs.set(keyText(pair), pair);
    for (const pair of map.items.filter(isMergeKey)) {
      const merged = target(pair.value, targets);
      for (const source of yaml.isSeq(merged) ? merged.items : [merged]) {
        const inner = target(source, targets);
        if (!yaml.isMap(inner)) continue;
        for (const [key, from] of pairsOf(inner)) if (!pairs.has(key)) pairs.set(key, from);
      }
    }
    return pairs;
  };
  /** The last node that is there on the way, and the key it stands under. */
  const walk = (path: KeyPath): { node: unknown; key: unknown } => {
    let at: { node: unknown; key: unknown } = { node: document.contents, key: undefined };
    for (const segment of path) {
      const node = target(at.node, targets);
      if (yaml.isMap(node)) {
        const pair = pairsOf(node).get(String(segment));
        if (pair === undefined) break;
        at = { node: pair.value, key: pair.key };
      } else if (yaml.isSeq(node) && typeof segment === 'number' && node.items[segment] !== undefined) {
        at = { node: node.items[segment], key: undefined };
      } else break;
    }
    return at;
  };
  return {
    originOf(path) {
      const { node, key } = walk(path);
      return placeOf(offsetOf(target(node, targets)) ?? offsetOf(key) ?? 0);
    },
    keyOriginOf(path) {
      const { node, key } = walk(path);
      return placeOf(offsetOf(key) ?? offsetOf(target(node, targets)) ?? 0);
    },
  };
}

/** What an alias stands for, if anything; any other node itself. */
function target(node: unknown, targets: Targets): unknown {
  return yaml.isAlias(node) ? (targets.get(node) ?? node) : node;
}

function offsetOf(node: unknown): number | undefined {
  return yaml.isNode(node) ? node.range?.[0] : undefined;
}

function isMergeKey({ key }: yaml.Pair): boolean {
  return yaml.isScalar(key) && key.source === '<<' && key.type === yaml.Scalar.PLAIN;
}

function keyText({ key }: yaml.Pair): string {
  return String(yaml.isScalar(key) ? key.value : key);
}

/** Braces are YAML's too: the most likely mistake on a line that has `${` or `{{`. */
function hintAt(text: string, offset: number): { hint?: string } {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1).split('\n', 1)[0] ?? '';
  return /(?<!["'].*)(\$\{|\{\{)/.test(line) ? { hint: 'Put text with `${}` or `{{ }}` in quotes.' } : {};
}

/** One mistake makes the parser stumble more than once: what comes later on the line follows from the first. */
function oncePerLine(errors: readonly LogcatchError[]): LogcatchError[] {
  const lines = Map.groupBy(errors, ({ origin }) => origin?.line);
  return [...lines.values()]
    .map((line) =>
      line.reduce((first, error) => ((error.origin?.column ?? 0) < (first.origin?.column ?? 0) ? error : first)),
    )
    .toSorted((a, b) => (a.origin?.line ?? 0) - (b.origin?.line ?? 0));
}
