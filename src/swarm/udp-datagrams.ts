import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import type { DatagramChannel, DatagramHandler, Datagrams } from './datagrams.ts';

/** A connected socket: the system itself drops what comes from elsewhere, and tells of an end that is not there. */
async function open(
  host: string,
  port: number,
  handler: DatagramHandler,
): Promise<DatagramChannel> {
  const { address, family } = await lookup(host);
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  let isClosed = false;
  socket.on('message', (packet) => handler.packet(packet));
  try {
    // Without a callback: one would be given the error instead of the event.
    const connected = once(socket, 'connect');
    socket.connect(port, address);
    await connected;
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.on('error', (error) => handler.failed(error));
  return {
    family: family === 6 ? 6 : 4,
    send: (packet) => {
      if (isClosed) return;
      socket.send(packet, (error) => {
        if (error !== null && !isClosed) handler.failed(error);
      });
    },
    close: () => {
      if (!isClosed) socket.close();
      isClosed = true;
    },
  };
}

/** The operating system's UDP. */
export const udpDatagrams: Datagrams = { open };
