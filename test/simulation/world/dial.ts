import type { Connection } from '../../../src/swarm/network.ts';
import type { PeerAddress } from '../../../src/torrent/ids.ts';
import { End } from './end.ts';
import type { MemoryNetwork } from './memory-network.ts';
import type { Process } from './process.ts';
import type { Station } from './station.ts';

/** Milliseconds after which the first packet is sent again while nobody answers. */
const knockAgain = 1_000;

/** Who dials. */
interface Dialler {
  readonly network: MemoryNetwork;
  readonly station: Station;
  readonly process: Process;
}

/** Connects a program to whoever listens at an address: refused when nobody does, unanswered when the machine is dark. */
export function dial(
  dialler: Dialler,
  address: PeerAddress,
  timeout: number,
  signal: AbortSignal,
): Promise<Connection> {
  const { network, station, process } = dialler;
  const to = `${address.host}:${address.port}`;
  network.trace(() => `${station.host} dials ${to}`);
  return new Promise((resolve, reject) => {
    const near = new End(network, station, process, address, station.freePort());
    let isOver = false;
    const settle = (settleWith: () => void): void => {
      if (isOver) return;
      isOver = true;
      signal.removeEventListener('abort', onAbort);
      cancel();
      settleWith();
    };
    const give = (error: Error): void =>
      settle(() => {
        if (!near.isClosed) near.close();
        network.left(near);
        network.trace(() => `${station.host} does not reach ${to}: ${error.message}`);
        reject(error);
      });
    const onAbort = (): void => give(new Error('the dial was called off'));
    const cancel = process.after(timeout, () => give(new Error(`no answer within ${timeout} ms`)));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) return onAbort();
    knock(network, near, address, (far) => {
      if (far === undefined) return give(new Error(`connect ECONNREFUSED ${to}`));
      return settle(() => {
        network.watch(near, true);
        resolve(near);
      });
    });
    return undefined;
  });
}

/** Knocks until somebody answers, or the dialler has given up. */
function knock(
  network: MemoryNetwork,
  near: End,
  address: PeerAddress,
  answered: (far: End | undefined) => void,
): void {
  const { timeline } = network;
  const { station, process } = near;
  const target = network.stations.get(address.host);
  if (near.isClosed || target === undefined) return;
  if (network.isCut(station, target)) {
    timeline.plan(timeline.now + knockAgain, () => knock(network, near, address, answered));
    return;
  }
  const way = network.latency(station.host, address.host);
  timeline.plan(timeline.now + way, () => {
    if (target.isDark) return;
    const far = enter(network, near, target, address.port);
    timeline.plan(timeline.now + way, () => {
      if (!network.isCut(target, station)) process.enter(() => answered(far));
    });
  });
}

/** The other end of a connection that is asked for, if somebody listens there. */
function enter(network: MemoryNetwork, near: End, target: Station, port: number): End | undefined {
  const listener = target.listeners.get(port);
  if (listener === undefined || near.isClosed) return undefined;
  const remote = { host: near.station.host, port: near.localPort };
  const far = new End(network, target, listener.process, remote, port);
  far.other = near;
  near.other = far;
  listener.process.enter(() => {
    if (far.isClosed) return;
    network.watch(far, false);
    listener.accept(far);
  });
  return far;
}
