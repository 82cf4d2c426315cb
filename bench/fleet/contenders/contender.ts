import type { Workplace } from '../../../test/lab/workplace.ts';
import type { FleetImage } from '../image.ts';
import type { Network } from '../network.ts';
import type { ContenderName, FleetOptions } from '../options.ts';
import type { Runner } from '../race.ts';
import type { StartGate } from '../start-gate.ts';
import type { UsageMeter } from '../usage-meter.ts';

/** What a contender gets to work with. */
export interface Contest {
  /** Its own, gone after the race. */
  readonly place: Workplace;
  readonly network: Network;
  readonly image: FleetImage;
  readonly options: FleetOptions;
  readonly gate: StartGate;
  readonly meter: UsageMeter;
  /** Milliseconds after which a host counts as one that will never have everything. */
  readonly limit: number;
}

/** A contender that is ready: all hosts wait at the gate with empty disks. */
export interface Field {
  readonly runners: readonly Runner[];
  /** Bytes of the image that the origin has sent. To be asked once, after the race. */
  originSent(): Promise<number>;
}

/** One way to bring the image to all hosts. */
export interface Contender {
  readonly name: ContenderName;
  prepare(contest: Contest): Promise<Field>;
}
