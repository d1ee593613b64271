import { type Clock, clock as realClock } from '../machine/clock.ts';
import { type Disk, disk as realDisk } from '../machine/disk.ts';
import { Slices } from '../machine/slices.ts';
import { type Tuning, tuning as usual } from '../machine/tuning.ts';
import { FolderHub, type StartWatch } from './folder-hub.ts';
import { HandleTable, usualMost } from './handle-table.ts';
import type { Listen } from './listen.ts';
import { Looks } from './looks.ts';
import { Pace } from './pace.ts';
import { ReadSlots } from './read-slots.ts';
import { Rescans } from './rescans.ts';

/** What tests replace. */
export interface Injected {
  readonly clock?: Clock;
  readonly disk?: Disk;
  readonly tuning?: Partial<Tuning>;
  readonly startWatch?: StartWatch;
  readonly listen?: Listen;
  readonly mostHandles?: number;
}

/**
 * What all inputs of this type share in a process. They know nothing of each other, and a thousand of them can each follow one
 * file of the same folder: with watchers, timers and handles of their own they would cost a thousand times as much.
 */
export class Process {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly slices: Slices;
  readonly tuning: Tuning;
  readonly folders: FolderHub;
  readonly looks: Looks;
  readonly pace: Pace;
  readonly rescans: Rescans;
  readonly handles: HandleTable;
  readonly reads = new ReadSlots();
  /** One at a time: decompressing takes one of the four threads. */
  readonly unpackings = new ReadSlots(1);

  constructor({ clock = realClock, disk = realDisk, tuning, startWatch, listen, mostHandles }: Injected = {}) {
    this.clock = clock;
    this.disk = disk;
    this.slices = new Slices(clock);
    this.tuning = { ...usual, ...tuning };
    this.folders = new FolderHub({
      clock,
      disk,
      tuning: this.tuning,
      ...(startWatch && { startWatch }),
      ...(listen && { listen }),
    });
    this.looks = new Looks(clock, Math.min(this.tuning.poll, this.tuning.quickest));
    this.pace = new Pace(clock, this.tuning.quickest, this.tuning.poll);
    this.rescans = new Rescans(clock, this.tuning.rescan);
    this.handles = new HandleTable(mostHandles ?? usualMost(), clock);
  }
}

/** The one of this process. */
export const thisProcess = new Process();
