import { type ConfigSource, type ConfigSourceContext, LogcatchError } from '@logcatch/plugin-api';
import { describe, expect, test } from 'vitest';
import { type ConfigSourceSubject, configSourceContract } from './config-source-contract.ts';

const faults = {
  'never tells of changes': 'tells that something changed, and load gives what it holds then',
  'keeps what it loaded first': 'tells that something changed, and load gives what it holds then',
  'has no label': 'load gives what it holds, as a whole and with its place',
  'takes nothing for a value': 'says that it holds nothing, starts nevertheless, and tells when there is something',
  'cannot start without a value': 'says that it holds nothing, starts nevertheless, and tells when there is something',
  'tells after its stop': 'tells nothing any more when it has stopped',
  'cannot stop early': 'stop is legal before start, during start, and twice',
} as const;
type Fault = keyof typeof faults;

/** Over memory. */
function wordSource(fault?: Fault): () => Promise<ConfigSourceSubject> {
  return async () => {
    let word: string | undefined;
    const listeners = new Set<() => void>();
    const put = async (next: string | undefined) => {
      word = next;
      for (const tell of listeners) tell();
    };
    const create = (context: ConfigSourceContext): ConfigSource => {
      const tell = () => context.changed();
      let first: string | undefined;
      let started = false;
      return {
        start: async () => {
          started = true;
          if (fault === 'cannot start without a value' && word === undefined) throw new Error('nothing is there');
          if (fault !== 'never tells of changes') listeners.add(tell);
        },
        load: async () => {
          if (fault === 'takes nothing for a value') word ??= '';
          if (word === undefined) throw new LogcatchError('LC_SOURCE_ABSENT', 'nothing is there');
          first ??= word;
          const text = fault === 'keeps what it loaded first' ? first : word;
          return { document: { text, format: 'text', label: fault === 'has no label' ? '' : 'memory' } };
        },
        stop: async () => {
          if (fault === 'cannot stop early' && !started) throw new Error('not started');
          if (fault !== 'tells after its stop') listeners.delete(tell);
        },
      };
    };
    return {
      create,
      put,
      remove: () => put(undefined),
      wordOf: (loaded) => ('document' in loaded ? loaded.document.text : undefined),
    };
  };
}

describe('configSourceContract', () => {
  for (const { name, run } of configSourceContract(wordSource())) test(`a correct source: ${name}`, run);

  for (const [fault, promise] of Object.entries(faults)) {
    test(`shows a source that ${fault}`, async () => {
      const suite = configSourceContract(wordSource(fault as Fault), { deadline: 500 });
      const { run } = suite.find(({ name }) => name === promise)!;
      await expect(run()).rejects.toThrow();
    });
  }
});
