import { Lane } from './lane.ts';
import type { LaneSettings } from './lane-settings.ts';
import type { Stamp } from './sender.ts';

/** How often lanes are looked at, in ms: whether they are stuck, or idle. */
const lookEvery = 1000;
/** A lane without records for so long, in ms, is closed. */
export const idleAfterMs = 10 * 60_000;
/**
 * Where the lane of a partition ended is kept for so long, in ms: as long as brokers know a producer that is silent, by
 * default. Beginning anew under the same producer would make a broker take fresh records for repeated ones.
 */
const stampsKeptMs = 24 * 3_600_000;

export interface LanesSettings<Payload> extends Omit<LaneSettings<Payload>, 'recovered' | 'elsewhere'> {
  /** Whether records may go to any partition of their topic: see {@link Lanes.choose}. */
  readonly movable: boolean;
  /** This topic has no lanes any more. */
  readonly closed: (topic: string) => void;
}

/** The lanes that are in use, one per topic-partition. */
export class Lanes<Payload> {
  readonly #settings: LanesSettings<Payload>;
  readonly #laneSettings: LaneSettings<Payload>;
  readonly #lanes = new Map<string, Map<number, Lane<Payload>>>();
  readonly #current = new Map<string, { partition: number; partitions: number }>();
  readonly #stamps = new Map<string, { stamp: Stamp; until: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: LanesSettings<Payload>) {
    this.#settings = settings;
    const recovered = () => {
      for (const lane of this.all) lane.nudge();
    };
    this.#laneSettings = {
      ...settings,
      recovered,
      ...(settings.movable && { elsewhere: (topic: string) => this.#works(topic) }),
    };
  }

  get all(): Lane<Payload>[] {
    return [...this.#lanes.values()].flatMap((ofTopic) => [...ofTopic.values()]);
  }

  start(): void {
    this.#timer ??= setInterval(() => this.look(), lookEvery);
  }

  get(topic: string, partition: number): Lane<Payload> {
    let ofTopic = this.#lanes.get(topic);
    if (!ofTopic) {
      ofTopic = new Map();
      this.#lanes.set(topic, ofTopic);
    }
    let lane = ofTopic.get(partition);
    if (!lane) {
      const name = `${topic}-${partition}`;
      lane = new Lane(topic, partition, this.#laneSettings, { stamp: this.#stamps.get(name)?.stamp });
      this.#stamps.delete(name);
      ofTopic.set(partition, lane);
    }
    return lane;
  }

  /**
   * The lane for records that may go to any partition: one that is filling a record batch goes on until it is full, so
   * that batches are large; then the next one, by turns or at random, but not to one that fails while others work.
   */
  choose(topic: string, partitions: number, how: 'sticky' | 'random'): Lane<Payload> {
    const last = this.#current.get(topic)?.partition;
    if (last !== undefined && last < partitions) {
      const lane = this.get(topic, last);
      if (lane.filling && !lane.failing) return lane;
    }
    const first = how === 'random' || last === undefined ? Math.floor(Math.random() * partitions) : last + 1;
    let partition = first % partitions;
    for (let n = 0; n < partitions; n++) {
      if (!this.#fails(topic, (first + n) % partitions)) {
        partition = (first + n) % partitions;
        break;
      }
    }
    this.#current.set(topic, { partition, partitions });
    return this.get(topic, partition);
  }

  /** Lets stuck lanes give back what they have not sent, and closes idle ones. */
  look(now = performance.now()): void {
    for (const lane of this.all) {
      lane.look();
      if (lane.idleFor >= idleAfterMs) this.#close(lane, now);
    }
    let forgotten = false;
    for (const [name, { until }] of this.#stamps) {
      if (until < now) forgotten = this.#stamps.delete(name);
    }
    if (forgotten) this.#settings.sender.forget();
  }

  close(reason: unknown): void {
    clearInterval(this.#timer);
    for (const lane of this.all) lane.close(reason);
  }

  /** The transaction is void: all lanes give back everything, and send nothing until {@link renew}. */
  void(reason: unknown): void {
    for (const lane of this.all) lane.void(reason);
  }

  /** All lanes begin anew, with a producer that brokers do not know yet. */
  renew(): void {
    this.#stamps.clear();
    for (const ofTopic of this.#lanes.values()) {
      for (const [partition, before] of ofTopic) {
        ofTopic.set(partition, new Lane(before.topic, partition, this.#laneSettings, { before }));
      }
    }
  }

  #close(lane: Lane<Payload>, now: number): void {
    const { topic, partition, name, stamp } = lane;
    if (stamp) this.#stamps.set(name, { stamp, until: now + stampsKeptMs });
    // It may have left its producer, which a later lane of this partition must not begin anew with.
    else this.#settings.sender.forget();
    lane.close(new Error('the lane is idle'));
    const ofTopic = this.#lanes.get(topic)!;
    ofTopic.delete(partition);
    if (ofTopic.size > 0) return;
    this.#lanes.delete(topic);
    this.#current.delete(topic);
    this.#settings.closed(topic);
  }

  #fails(topic: string, partition: number): boolean {
    const lane = this.#lanes.get(topic)?.get(partition);
    return lane !== undefined && (lane.failing || lane.progress.stuck);
  }

  #works(topic: string): boolean {
    const { partitions = 0 } = this.#current.get(topic) ?? {};
    for (let partition = 0; partition < partitions; partition++) if (!this.#fails(topic, partition)) return true;
    return false;
  }
}
