import {
  among,
  attribute,
  type Bind,
  call,
  combined,
  compare,
  has,
  type Literal,
  literal,
  matches,
  message,
  methodNames,
  not,
  sizeOf,
  type Value,
} from './condition-terms.ts';
import { parsePattern } from './pattern.ts';

interface Token {
  readonly kind: 'name' | 'number' | 'text' | 'sign' | 'end';
  readonly text: string;
  /** Where it begins. */
  readonly at: number;
}

const lexemes =
  /\s*(?:(?<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)|(?<number>-?\d+(?:\.\d+)?)|(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<sign>&&|\|\||[=!<>]=|[<>!()[\],.]))/y;
const comparisons = ['==', '!=', '<', '<=', '>', '>='];

export interface ParsedCondition {
  readonly bind: Bind;
  /** It has a regular expression in it. */
  readonly matches: boolean;
}

/** The grammar of {@link Condition}. @throws Error that says what is wrong, and where */
export function parseCondition(text: string): ParsedCondition {
  return new Parser(text).parse();
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #matches = false;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = this.#read();
  }

  parse(): ParsedCondition {
    const bind = this.#either();
    if (this.#token.kind !== 'end') this.#fail('expected && or || or the end');
    return { bind, matches: this.#matches };
  }

  #either(): Bind {
    const binds = [this.#all()];
    while (this.#takes('||')) binds.push(this.#all());
    return combined(binds, true);
  }

  #all(): Bind {
    const binds = [this.#one()];
    while (this.#takes('&&')) binds.push(this.#one());
    return combined(binds, false);
  }

  #one(): Bind {
    if (this.#takes('!')) return not(this.#one());
    if (this.#takes('(')) {
      const bind = this.#either();
      this.#expect(')');
      return bind;
    }
    if (this.#token.kind === 'name' && ['true', 'false'].includes(this.#token.text)) {
      const { text } = this.#take();
      return () => text === 'true';
    }
    if (this.#token.text === 'has' && this.#tokens[this.#next + 1]!.text === '(') {
      this.#take();
      return has(this.#argument());
    }
    const begin = this.#token;
    const value = this.#value();
    if (typeof value === 'function') return value;
    const { text: operator } = this.#token;
    if (comparisons.includes(operator)) {
      this.#take();
      const other = this.#value();
      if (typeof other === 'function') return this.#fail('true or false cannot be compared', begin);
      return compare(value, operator, other);
    }
    if (operator === 'in') {
      this.#take();
      return among(value, this.#list());
    }
    if (value.literal !== undefined || value.number) return this.#fail(`expected one of ${comparisons.join(' ')}`);
    const name = begin.text;
    // `contains "x"`, or `level contains "x"`
    const [of, method] = methodNames.includes(name) ? ['message', name] : [name, this.#token.text];
    if (methodNames.includes(method)) this.#fail(`write ${of}.${method}("...")`, begin);
    return this.#fail(`${name} is text, not true or false: write has(${name}) or ${name} == "..."`, begin);
  }

  /** A value, or what a method says of one. */
  #value(): Value | Bind {
    const token = this.#take();
    if (token.kind === 'text' || token.kind === 'number') return literal(this.#literal(token));
    if (token.kind !== 'name') return this.#fail('expected an attribute, message, a text or a number', token);
    if (token.text === 'size' && this.#token.text === '(') return sizeOf(this.#argument());
    if (this.#token.text === '(') {
      const dot = token.text.lastIndexOf('.');
      if (dot < 0) this.#fail(`there is no function ${token.text}; there are has and size`, token);
      return this.#method(named(token.text.slice(0, dot)), {
        ...token,
        text: token.text.slice(dot + 1),
        at: token.at + dot + 1,
      });
    }
    const value = this.#index(token) ?? named(token.text);
    if (!this.#takes('.')) return value;
    return this.#method(value, this.#take());
  }

  #method(value: Value, name: Token): Bind {
    if (!methodNames.includes(name.text))
      this.#fail(`there is no method ${name.text}; there are ${methodNames.join(', ')}`, name);
    this.#expect('(');
    const argument = this.#take();
    if (argument.kind !== 'text') this.#fail(`${name.text} takes a text in quotes`, argument);
    this.#expect(')');
    const part = String(this.#literal(argument));
    if (name.text !== 'matches') return call(value, name.text, part);
    this.#matches = true;
    try {
      return matches(value, parsePattern(part));
    } catch (error) {
      return this.#fail((error as Error).message, argument);
    }
  }

  /** `attributes["x-request-id"]` */
  #index(token: Token): Value | undefined {
    if (token.text === 'attributes' && this.#takes('[')) {
      const name = this.#take();
      if (name.kind !== 'text') this.#fail('expected the name of an attribute in quotes', name);
      this.#expect(']');
      return attribute(String(this.#literal(name)));
    }
    if (!token.text.startsWith('attributes.')) return undefined;
    const name = token.text.slice('attributes.'.length);
    return this.#fail(`write ${name}, or attributes["${name}"]`, token);
  }

  #argument(): Value {
    this.#expect('(');
    const token = this.#take();
    if (token.kind !== 'name') this.#fail('expected an attribute', token);
    const value = this.#index(token) ?? named(token.text);
    this.#expect(')');
    return value;
  }

  #list(): Literal[] {
    this.#expect('[');
    const choices: Literal[] = [];
    do {
      const token = this.#take();
      if (token.kind !== 'text' && token.kind !== 'number') this.#fail('expected a text or a number', token);
      choices.push(this.#literal(token));
    } while (this.#takes(','));
    this.#expect(']');
    return choices;
  }

  #literal({ kind, text, at }: Token): Literal {
    if (kind === 'number') return Number(text);
    const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t' };
    return text.slice(1, -1).replaceAll(/\\(.)/gs, (whole, character: string, offset: number) => {
      const plain = escapes[character] ?? (/\w/.test(character) ? undefined : character);
      const hint = `${whole} is no escape; write \\\\${character} for a backslash`;
      return plain ?? this.#fail(hint, { at: at + 1 + offset });
    });
  }

  get #token(): Token {
    return this.#tokens[this.#next]!;
  }

  #take(): Token {
    const token = this.#token;
    if (token.kind !== 'end') this.#next++;
    return token;
  }

  #takes(sign: string): boolean {
    const { kind, text } = this.#token;
    if (kind !== 'sign' || text !== sign) return false;
    this.#next++;
    return true;
  }

  #expect(sign: string): void {
    if (!this.#takes(sign)) this.#fail(`expected ${sign}`);
  }

  #read(): Token[] {
    const tokens: Token[] = [];
    const end = this.#text.trimEnd().length;
    for (let at = 0; at < end; ) {
      lexemes.lastIndex = at;
      const match = lexemes.exec(this.#text);
      const begin = at + this.#text.slice(at).search(/\S/);
      if (!match) return this.#fail(explain(this.#text.slice(begin), this.#text[begin - 2]), { at: begin });
      const [kind, text] = Object.entries(match.groups!).find(([, found]) => found !== undefined)!;
      tokens.push({ kind: kind as Token['kind'], text: text!, at: begin });
      at = lexemes.lastIndex;
    }
    return [...tokens, { kind: 'end', text: '', at: end }];
  }

  #fail(message: string, { at }: Pick<Token, 'at'> = this.#token): never {
    throw new Error(`${message} at character ${at + 1}: ${this.#text.slice(0, at)} >>> ${this.#text.slice(at)}`);
  }
}

function named(name: string): Value {
  return name === 'message' ? message : attribute(name);
}

/** What cannot be read at all. @param before the last character but one before it */
function explain(rest: string, before: string | undefined): string {
  if (/^["']/.test(rest)) return 'a quote that is not closed';
  if (/^=/.test(rest)) return `write ${before === '!' ? '!=' : '=='} to compare`;
  if (/^[&|]/.test(rest)) return 'write && or ||';
  return 'a character that means nothing here';
}
