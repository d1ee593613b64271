import { type AgentStatus, type ComponentStatus, sentence, type TapTick } from '@logcatch/core';
import { plural } from '@logcatch/plugin-api';
import { bytes, plainLine } from './text.ts';

/** Seconds in which nothing is shown before it is said why. */
const patience = 5;

/** Sums up the ticks of a tap until it has shown something, or has been silent for long. */
export class TapSilence {
  #ticks = 0;
  #seen = 0;
  #skipped = 0;
  #over = false;

  /** Something is shown. */
  end(): void {
    this.#over = true;
  }

  /** @returns once: what has passed, when nothing of it was shown for some seconds */
  tick({ components, seen, skipped }: TapTick): Pick<TapTick, 'seen' | 'skipped'> | undefined {
    this.#seen += seen;
    this.#skipped += skipped;
    // The first one comes at once. One that does not run is told as such.
    if (this.#over || components === 0 || this.#ticks++ < patience) return undefined;
    this.#over = true;
    return { seen: this.#seen, skipped: this.#skipped };
  }
}

/** Why a tap shows nothing. @param what is tapped, for people @param component its id; default: all inputs */
export function silenceText(
  what: string,
  { seen, skipped }: Pick<TapTick, 'seen' | 'skipped'>,
  status: AgentStatus,
  component?: string,
): string {
  if (seen === 0) return plainLine(`nothing has passed ${what} yet: ${whyIdle(status, component)}`);
  return `nothing is shown yet: ${plural(seen, 'record')} passed, ${seen - skipped} looked at, and none matches`;
}

function whyIdle({ components }: AgentStatus, tapped?: string): string {
  const inputs = components.flatMap(({ input, ...one }) => (input ? [{ ...one, input }] : []));
  const held = [...new Set(inputs.flatMap(({ input }) => Object.keys(input.paused)))];
  // An output that holds up nobody does not explain it.
  const concerns = ({ id, kind }: ComponentStatus) =>
    kind === 'input' || held.length > 0 || id === tapped || tapped?.startsWith(`${id}.`);
  const troubled = components.find((one) => one.state !== 'running' && concerns(one));
  if (troubled) return `${troubled.id} is ${troubled.state}: ${sentence(troubled.reason, troubled.hint)}`;
  if (held.length > 0) return `files wait: ${held.join(', ')}`;
  const idle = inputs.find(({ input }) => input.count === 0);
  const files = inputs.reduce((sum, { input }) => sum + input.count, 0);
  if (files === 0) return `there are no files${idle?.input.idle === undefined ? '' : `. ${idle.input.idle}`}`;
  const lag = inputs.reduce((sum, { input }) => sum + input.lag, 0);
  if (lag > 0) return `${bytes(lag)} are on their way or unread; \`pipeline top\` shows where`;
  return `${plural(files, 'file')}, and everything in ${files === 1 ? 'it' : 'them'} has been read; what comes is shown`;
}
