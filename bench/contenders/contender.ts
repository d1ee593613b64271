import type { Command } from '../process.ts';

export type Codec = 'none' | 'zstd';

/** Lines in files, to be shipped to a topic. */
export interface Shipment {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly codec: Codec;
  readonly files: readonly string[];
  /** The files as a pattern. */
  readonly pattern: string;
  /** In all files. */
  readonly lines: number;
  /** Empty: for configuration and state. */
  readonly folder: string;
}

/** Someone who ships lines of files to Kafka. */
export interface Contender {
  /** With its version. */
  readonly title: string;
  /** Ends by itself when every line is acknowledged; one that does not is stopped when every line is there. */
  readonly ends: boolean;
  /** What part of the lines it gets, from 0 to 1: less than 1 for one that would take minutes. */
  readonly share: number;
  readonly codecs: readonly Codec[];
  ship(shipment: Shipment): Command;
  /** What goes on beside it while it runs, in the process of the bench, so that it is not measured. */
  beside?(shipment: Shipment, signal: AbortSignal): Promise<void>;
}
