import { systemClock, type Clock } from '../base/clock.ts';
import { systemRandom, type Random } from '../base/random.ts';
import type { Datagrams } from './datagrams.ts';
import { HttpTrackerClient, type HttpTrackerClientOptions } from './http-tracker-client.ts';
import type { TrackerClient } from './tracker-client.ts';
import { udpDatagrams } from './udp-datagrams.ts';
import { UdpTrackerClient } from './udp-tracker-client.ts';

export interface TrackerClientOptions {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly datagrams?: Datagrams;
  /** Headers for requests to HTTP trackers. */
  readonly headersFor?: HttpTrackerClientOptions['headersFor'];
}

/** A client of trackers that must be closed. */
export interface ClosableTrackerClient extends TrackerClient {
  /** Ends the announces that are under way and closes all connections. */
  close(): Promise<void>;
}

/** Speaks with HTTP and UDP trackers. */
export function createTrackerClient(options: TrackerClientOptions = {}): ClosableTrackerClient {
  const { clock = systemClock, random = systemRandom, datagrams = udpDatagrams } = options;
  const http = new HttpTrackerClient({ clock, headersFor: options.headersFor });
  const udp = new UdpTrackerClient({ clock, random, datagrams });
  const of = (url: string): TrackerClient => (url.startsWith('udp:') ? udp : http);
  return {
    announce: (url, request, signal) => of(url).announce(url, request, signal),
    announceBatch: (url, batch, signal) => of(url).announceBatch(url, batch, signal),
    async close() {
      await Promise.all([http.close(), udp.close()]);
    },
  };
}
