import { Lane, type LaneSettings } from './lane.ts';

/** The lanes that there are, one per topic-partition that was ever written to. */
export class Lanes<Payload> {
  readonly #settings: LaneSettings<Payload>;
  readonly #lanes = new Map<string, Map<number, Lane<Payload>>>();
  readonly #current = new Map<string, number>();

  constructor(settings: LaneSettings<Payload>) {
    this.#settings = { ...settings, recovered: () => this.#nudge() };
  }

  get(topic: string, partition: number): Lane<Payload> {
    let ofTopic = this.#lanes.get(topic);
    if (!ofTopic) {
      ofTopic = new Map();
      this.#lanes.set(topic, ofTopic);
    }
    let lane = ofTopic.get(partition);
    if (!lane) {
      lane = new Lane(topic, partition, this.#settings);
      ofTopic.set(partition, lane);
    }
    return lane;
  }

  /**
   * The lane for records that may go to any partition: one that is filling a record batch goes on until it is full, so
   * that batches are large; then the next one, by turns or at random, but not to one that fails while others work.
   */
  choose(topic: string, partitions: number, how: 'sticky' | 'random'): Lane<Payload> {
    const last = this.#current.get(topic);
    if (last !== undefined && last < partitions) {
      const lane = this.get(topic, last);
      if (lane.filling && !lane.failing) return lane;
    }
    const first = how === 'random' || last === undefined ? Math.floor(Math.random() * partitions) : last + 1;
    let chosen = first % partitions;
    for (let n = 0; n < partitions; n++) {
      const partition = (first + n) % partitions;
      if (this.#lanes.get(topic)?.get(partition)?.failing) continue;
      chosen = partition;
      break;
    }
    this.#current.set(topic, chosen);
    return this.get(topic, chosen);
  }

  close(reason: unknown): void {
    for (const lane of this.#all()) lane.close(reason);
  }

  #nudge(): void {
    for (const lane of this.#all()) lane.nudge();
  }

  *#all(): Iterable<Lane<Payload>> {
    for (const ofTopic of this.#lanes.values()) yield* ofTopic.values();
  }
}
