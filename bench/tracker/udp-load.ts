import { createSocket, type Socket } from 'node:dgram';
import {
  encodeUdpAnnounce,
  encodeUdpConnect,
  parseUdpAnswer,
} from '../../src/torrent/udp-tracker.ts';
import type { CrowdHost } from './crowd.ts';
import type { Load, LoadJob, Tally } from './load.ts';

/** Announces that wait for their answers, for each host. */
const outstanding = 8;
/** A packet was lost when nothing has come for so many milliseconds. */
const patience = 1_000;
const announceAnswer = 1;

/** Announces over UDP (BEP 15), several at a time. Packets are made once. */
export class UdpLoad implements Load {
  readonly #host: CrowdHost;
  readonly #job: LoadJob;
  readonly #tally: Tally;
  readonly #socket: Socket;
  readonly #packets: Buffer[] = [];
  #connection: Uint8Array | undefined;
  #sent = 0;
  #heardAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(host: CrowdHost, job: LoadJob, tally: Tally) {
    this.#host = host;
    this.#job = job;
    this.#tally = tally;
    this.#socket = createSocket({
      type: 'udp4',
      lookup: (address, _options, callback) => callback(null, address, 4),
    });
  }

  start(): void {
    this.#socket.on('message', (packet) => this.#receive(packet));
    this.#socket.bind(0, this.#host.address, () => this.#connect());
    this.#timer = setInterval(() => {
      if (performance.now() - this.#heardAt < patience) return;
      this.#failed('no answer');
      if (this.#connection === undefined) this.#connect();
      else for (let index = 0; index < outstanding; index++) this.#send();
    }, patience);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }

  #connect(): void {
    this.#heardAt = performance.now();
    this.#socket.send(encodeUdpConnect(1), this.#job.port, this.#job.host);
  }

  #receive(packet: Buffer): void {
    this.#heardAt = performance.now();
    if (this.#connection === undefined) {
      const answer = parseUdpAnswer(packet, 4);
      if (answer?.kind !== 'connect') return;
      this.#connection = answer.connection;
      for (let index = 0; index < outstanding; index++) this.#send();
      return;
    }
    const isRight =
      packet.length >= 20 &&
      (packet.length - 20) % 6 === 0 &&
      packet.readUInt32BE(0) === announceAnswer &&
      packet.readUInt32BE(4) < this.#sent;
    if (isRight) {
      this.#tally.answered++;
      this.#tally.peers += (packet.length - 20) / 6;
    } else {
      this.#failed(packet.toString('latin1', 8));
    }
    this.#send();
  }

  #send(): void {
    const connection = this.#connection ?? Buffer.alloc(8);
    const { size } = this.#host;
    const transaction = this.#sent++;
    const at = transaction % size;
    const setting = { key: 1, urlData: '/announce' };
    let packet = this.#packets[at];
    if (packet === undefined) {
      const first = this.#host.next('started');
      packet = encodeUdpAnnounce(connection, transaction, first, setting);
      this.#packets[at] = encodeUdpAnnounce(
        connection,
        transaction,
        { ...first, event: undefined },
        setting,
      );
    } else {
      packet.writeUInt32BE(transaction, 12);
    }
    this.#socket.send(packet, this.#job.port, this.#job.host);
  }

  #failed(reason: string): void {
    this.#tally.failed++;
    this.#tally.firstFailure ??= reason;
  }
}
