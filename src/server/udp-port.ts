import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import type { DatagramPort } from '../tracker/datagram-port.ts';

/** Bytes of packets that may wait in the system: a fleet that comes all at once is more than the usual 200 kB. */
const receiveBuffer = 4 * 1024 * 1024;

/**
 * Opens a UDP port; 0 takes a free one, `::` is both families at once. Throws what the system says (`EADDRINUSE`…).
 */
export async function openUdpPort(host: string, port: number): Promise<DatagramPort> {
  const { address: own } = await lookup(host);
  const socket = createSocket({
    type: isIPv6(own) ? 'udp6' : 'udp4',
    // Answers go to where a packet came from, an IP address: there is nothing to look up, and no time to lose.
    lookup: (address, _options, callback) => callback(null, address, address.includes(':') ? 6 : 4),
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, own, () => {
      socket.off('error', reject);
      resolve();
    });
  }).catch((error: unknown) => {
    socket.close();
    throw error;
  });
  // A packet that cannot be sent is like one that was lost.
  socket.on('error', () => {});
  growBuffer(socket);
  let isClosed = false;
  return {
    port: socket.address().port,
    handle: (handler) => {
      socket.on('message', (packet, from) =>
        handler(packet, { host: from.address, port: from.port }),
      );
    },
    send: (packet, to) => {
      if (!isClosed && to.port !== 0) socket.send(packet, to.port, to.host, () => {});
    },
    close: () =>
      new Promise((resolve) => {
        if (isClosed) return resolve();
        isClosed = true;
        return socket.close(() => resolve());
      }),
  };
}

/** The system may allow less. */
function growBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(receiveBuffer);
  } catch {
    // It stays as it was.
  }
}
