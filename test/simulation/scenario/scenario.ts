import type { Zone } from '../../../src/torrent/zone.ts';
import type { BehaviourName } from '../actors/behaviours.ts';
import type { Abilities } from '../actors/wire-peer.ts';
import type { DiskNature } from '../world/memory-disk.ts';
import type { NetworkNature } from '../world/memory-network.ts';
import type { LinkRates } from '../world/station.ts';
import type { BlobPlan } from './blob.ts';

/** A machine that runs the real engine. */
export interface HostPlan {
  readonly host: string;
  readonly isOrigin: boolean;
  /** When its program starts first, in milliseconds. */
  readonly startsAt: number;
  readonly link: LinkRates;
  readonly disk: DiskNature;
  /** Limits of the program itself, in bytes a second. */
  readonly limits: { readonly upload: number | undefined; readonly download: number | undefined };
  readonly uploadSlots: number;
  readonly hasTracker: boolean;
  readonly hasWebSeed: boolean;
  /** Addresses that it is told without a tracker. */
  readonly knows: readonly string[];
  /** Somebody reads the blob from the front while it comes. */
  readonly isReader: boolean;
  readonly zone: Zone | undefined;
  /** Its program has the same peer id in every life. */
  readonly keepsId: boolean;
}

/** A machine that runs something else. */
export interface ActorPlan {
  readonly host: string;
  readonly startsAt: number;
  readonly link: LinkRates;
  readonly behaviour: BehaviourName;
  /** Which of the blobs it is about. */
  readonly blob: number;
  readonly abilities: Abilities;
  /** Whether it calls on others, or only waits for them. */
  readonly dials: boolean;
  /** Milliseconds until it calls again on one that it called on before. */
  readonly again: number;
  /** Whose peer id it uses: one of its own, a new one each time, or that of a real engine. */
  readonly identity: 'own' | 'new' | 'stolen';
}

/** Something that goes wrong, from `at` on, in milliseconds. What ends, ends at `until`. */
export type Fault =
  | {
      readonly kind: 'kill';
      readonly at: number;
      readonly until: number;
      readonly host: string;
      readonly power: boolean;
    }
  | { readonly kind: 'gone'; readonly at: number; readonly host: string; readonly power: boolean }
  | { readonly kind: 'close'; readonly at: number; readonly until: number; readonly host: string }
  | { readonly kind: 'pause'; readonly at: number; readonly until: number; readonly host: string }
  | {
      readonly kind: 'partition';
      readonly at: number;
      readonly until: number;
      readonly apart: readonly string[];
    }
  | {
      readonly kind: 'oneWay';
      readonly at: number;
      readonly until: number;
      readonly from: string;
      readonly to: string;
    }
  | { readonly kind: 'resets'; readonly at: number; readonly share: number }
  | { readonly kind: 'slow'; readonly at: number; readonly until: number; readonly host: string }
  | {
      readonly kind: 'tracker';
      readonly at: number;
      readonly until: number;
      readonly state: 'silent' | 'failing';
    }
  | {
      readonly kind: 'webSeed';
      readonly at: number;
      readonly until: number;
      readonly state: 'silent' | 'failing' | 'lying';
    }
  | {
      readonly kind: 'diskFull';
      readonly at: number;
      readonly until: number;
      readonly host: string;
    }
  | {
      readonly kind: 'diskSlow';
      readonly at: number;
      readonly until: number;
      readonly host: string;
    };

/** All that one run is made of. */
export interface Scenario {
  readonly seed: number;
  /** All hosts fetch all of them. */
  readonly blobs: readonly BlobPlan[];
  readonly network: NetworkNature;
  /** The first is the registry: origin, tracker, web seed. */
  readonly hosts: readonly HostPlan[];
  readonly actors: readonly ActorPlan[];
  readonly faults: readonly Fault[];
}
