import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { encodeAnnounceResponse } from '../../src/torrent/announce.ts';
import { eventually } from '../../test/lab/eventually.ts';
import { findProgram } from '../../test/lab/program.ts';
import { freePorts } from '../free-ports.ts';
import { writeTorrent } from './blob.ts';
import { patience, type Contender } from './contender.ts';

/** aria2, which finds its peer by a tracker only. It is timed from the first byte on: it dials when it pleases. */
export const aria2: Contender = {
  name: 'aria2',
  missing: () => (findProgram('aria2c') === undefined ? 'aria2c is not installed' : undefined),
  async start({ place, blob, target }) {
    const [seedPort, fetchPort, rpcPort] = await freePorts(3);
    const tracker = await trackerOf(Number(seedPort));
    place.defer(() => tracker.close());
    const url = `http://127.0.0.1:${(tracker.address() as AddressInfo).port}/announce`;
    const torrent = await writeTorrent(blob, join(target, 'blob.torrent'), [[url]]);
    const sender = place.start(
      [...flags(seedPort), '--bt-seed-unverified=true', `--dir=${blob.folder}`, torrent],
      { name: 'aria2 sender' },
    );
    await sender.line(/listening on TCP port/i);
    const rpc = ['--enable-rpc=true', `--rpc-listen-port=${rpcPort}`, '--pause=true'];
    const receiver = place.start([...flags(fetchPort), ...rpc, `--dir=${target}`, torrent], {
      name: 'aria2 receiver',
    });
    const remote = new Remote(Number(rpcPort));
    await eventually('aria2 to answer', () => remote.isReady());
    const path = join(target, blob.metainfo.name);
    return { sender, receiver, path, transfer: () => transfer(remote) };
  },
};

function flags(port: number | undefined): string[] {
  return [
    'aria2c',
    '--no-conf',
    '--seed-ratio=0',
    `--listen-port=${port}`,
    '--summary-interval=0',
    '--enable-dht=false',
    '--enable-dht6=false',
    '--bt-enable-lpd=false',
    '--enable-peer-exchange=false',
    '--bt-tracker-interval=1',
    '--bt-request-peer-speed-limit=0',
    '--file-allocation=none',
    '--disk-cache=64M',
    '--allow-overwrite=true',
  ];
}

async function transfer(remote: Remote): Promise<number> {
  await remote.call('aria2.unpauseAll');
  let began = performance.now();
  const deadline = began + patience;
  while (performance.now() < deadline) {
    const [status] = await remote.active();
    if (status !== undefined) {
      if (status.completedLength === '0') began = performance.now();
      else if (status.completedLength === status.totalLength)
        return (performance.now() - began) / 1000;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('aria2 did not get the blob');
}

interface Status {
  readonly completedLength: string;
  readonly totalLength: string;
}

/** Asks a running aria2 (JSON-RPC). */
class Remote {
  readonly #url: string;

  constructor(port: number) {
    this.#url = `http://127.0.0.1:${port}/jsonrpc`;
  }

  async call(method: string, ...params: readonly unknown[]): Promise<unknown> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: '1', method, params });
    const answer = await fetch(this.#url, { method: 'POST', body });
    return ((await answer.json()) as { result: unknown }).result;
  }

  async active(): Promise<readonly Status[]> {
    const keys = ['completedLength', 'totalLength'];
    return (await this.call('aria2.tellActive', keys)) as readonly Status[];
  }

  async isReady(): Promise<boolean> {
    await this.call('aria2.getVersion');
    return true;
  }
}

/** A tracker that knows one peer: the sender. */
async function trackerOf(port: number): Promise<Server> {
  const answer = encodeAnnounceResponse({
    interval: 1,
    complete: 1,
    incomplete: 1,
    peers: [{ host: '127.0.0.1', port }],
  });
  const server = createServer((_, response) => response.end(answer));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return server;
}
