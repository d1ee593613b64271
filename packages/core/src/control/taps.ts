import { performance } from 'node:perf_hooks';
import { LogcatchError } from '@logcatch/plugin-api';
import { declaredId } from '../config/declared.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Commands } from './control.ts';
import { type LineReader, LineStream } from './line-stream.ts';
import { Tap, type TapRequest, tapped } from './tap.ts';

/** Names that are listed in an error. */
const mostListed = 20;

/** What can be asked of a running agent. */
export function tapCommands(taps: Taps): Commands {
  return { 'GET /tap': (query) => taps.stream(query) };
}

/** The query of a request. */
export function tapQuery(request: TapRequest): string {
  return new URLSearchParams(Object.entries(request)).toString();
}

function requestOf(query: URLSearchParams): TapRequest {
  return Object.fromEntries(
    (['component', 'grep', 'where'] as const).flatMap((name) => {
      const value = query.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
}

/**
 * Those who look at what passes in a pipeline. A tap of a hook cannot be taken back, so what is looked at is linked anew when
 * somebody begins or stops: then a pipeline that nobody looks at pays nothing. A reload links anew too, and a tap goes on there.
 */
export class Taps {
  readonly #pipeline: Pipeline;
  readonly #open = new Set<Tap>();
  /** Of the event loop, when somebody began to look or since the last tick. */
  #used = performance.eventLoopUtilization();
  #utilization = 1;

  constructor(pipeline: Pipeline) {
    this.#pipeline = pipeline;
    pipeline.hooks.linked.tap('tap', (node) => {
      for (const tap of this.#open) {
        const wanted = tapped(tap.request, node);
        if (!wanted) continue;
        node.batch.tap('tap', (batch, exit) => {
          if (wanted.exit === undefined || wanted.exit === exit) tap.see(node.id, batch, exit);
        });
      }
    });
  }

  /** What passes, as a {@link tapQuery} asks for it. @throws as {@link make} */
  stream(query: URLSearchParams): LineStream {
    const tap = this.make(requestOf(query));
    return new LineStream((reader) => this.open(tap, reader));
  }

  /** @throws LC_TAP_FILTER, and LC_TAP_COMPONENT where it is neither there nor waiting */
  make(request: TapRequest): Tap {
    const tap = new Tap(request);
    const { component } = request;
    if (component === undefined || this.#idsOf(request).length > 0) return tap;
    const { desired, inputs, outputs, nodes } = this.#pipeline;
    if (desired.waiting.some(({ id }) => id === component)) return tap;
    const transforms = nodes.filter(({ kind }) => kind === 'transform');
    const exits = transforms.flatMap((node) => node.exits?.map((exit) => `${node.id}.${exit}`) ?? []);
    const ids = [...inputs, ...transforms, ...outputs].map(({ id }) => declaredId(id));
    const known = [...new Set([...ids, ...exits])];
    const more = known.length > mostListed ? ` and ${known.length - mostListed} more` : '';
    throw new LogcatchError('LC_TAP_COMPONENT', `there is no ${JSON.stringify(component)} in the running pipeline`, {
      hint: `There are ${known.slice(0, mostListed).join(', ')}${more}.`,
    });
  }

  /** Begins, and returns what is to be done each second, and at the end. */
  open(tap: Tap, reader: LineReader): { tick(): void; close(): void } {
    tap.tell(reader);
    this.#open.add(tap);
    this.#changed(tap);
    const tick = () => {
      this.#divide();
      tap.tick(this.#idsOf(tap.request).length);
    };
    tick();
    return {
      tick,
      close: () => {
        tap.tell(undefined);
        this.#open.delete(tap);
        this.#changed(tap);
      },
    };
  }

  #changed({ request }: Tap): void {
    this.#divide();
    this.#pipeline.relink(this.#idsOf(request));
  }

  /** Gives each of them its part of what they may cost. */
  #divide(): void {
    const now = performance.eventLoopUtilization();
    const { utilization, idle, active } = performance.eventLoopUtilization(now, this.#used);
    // Shorter times say little.
    if (idle + active > 500) [this.#used, this.#utilization] = [now, utilization];
    for (const tap of this.#open) tap.among(this.#open.size, this.#utilization);
  }

  #idsOf(request: TapRequest): string[] {
    return this.#pipeline.nodes.flatMap((node) => {
      const wanted = tapped(request, node);
      return wanted && (wanted.exit === undefined || node.exits?.includes(wanted.exit)) ? [node.id] : [];
    });
  }
}
