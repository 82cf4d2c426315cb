import type { Connection, Listener, Network } from '../../../src/swarm/network.ts';
import type { PeerAddress } from '../../../src/torrent/ids.ts';

/** The port of a registry's services. */
export const servicePort = 80;

/** Where the service of a URL is. */
export function serviceAt(url: string): PeerAddress {
  return { host: new URL(url).hostname, port: servicePort };
}

/**
 * Asks a service in one line and yields its answer as it comes, until the service closes the connection. It stands for HTTP,
 * so that trackers and web seeds suffer from the network like everything else.
 */
export async function* ask(
  network: Network,
  address: PeerAddress,
  line: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const connection = await network.connect(address, 3_000, signal);
  const came: Uint8Array[] = [];
  let isOver = false;
  let wake = (): void => {};
  const end = (): void => {
    isOver = true;
    wake();
  };
  signal.addEventListener('abort', end, { once: true });
  connection.handle({
    data(chunk) {
      came.push(Uint8Array.from(chunk));
      connection.pause();
      wake();
    },
    drained() {},
    closed: end,
  });
  connection.write([Buffer.from(`${line}\n`)]);
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = came.shift();
      if (next !== undefined) yield next;
      else if (isOver) return;
      else {
        connection.resume();
        await new Promise<void>((resolve) => (wake = resolve));
      }
    }
  } finally {
    signal.removeEventListener('abort', end);
    connection.destroy();
  }
}

/** Answers lines that come to `servicePort`, for as long as the asker stays; undefined closes the connection. */
export function serve(
  network: Network,
  host: string,
  answer: (line: string, connection: Connection) => Promise<readonly Uint8Array[] | undefined>,
): Promise<Listener> {
  return network.listen({ host, port: servicePort }, (connection) => {
    let line = '';
    let isAnswered = false;
    let parts: Uint8Array[] = [];
    const send = (): void => {
      while (parts.length > 0) if (!connection.write([parts.shift() as Uint8Array])) return;
    };
    connection.handle({
      data(chunk) {
        line += Buffer.from(chunk).toString('latin1');
        if (!line.endsWith('\n') || isAnswered) return;
        isAnswered = true;
        void answer(line.trimEnd(), connection).then((answered) => {
          parts = [...(answered ?? [])];
          if (answered === undefined) connection.destroy();
          else send();
        });
      },
      drained: send,
      closed() {},
    });
  });
}
