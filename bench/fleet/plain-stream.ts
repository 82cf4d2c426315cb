/**
 * Both ends of one plain TCP stream: `plain-stream.ts send BYTES` tells the port where it sends that much to the first who
 * comes; `plain-stream.ts receive HOST PORT` prints the bytes a second that came after the first second, when it is at speed and the
 * links' token buckets are empty.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const [role, ...rest] = process.argv.slice(2);
if (role === 'send') await send(Number(rest[0]));
else await receive(rest[0] ?? '', Number(rest[1]));

async function send(bytes: number): Promise<void> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  process.stdout.write(`listening on ${(server.address() as AddressInfo).port}\n`);
  const [socket] = (await once(server, 'connection')) as [Socket];
  server.close();
  await pipeline(Readable.from(parts(bytes)), socket);
}

function* parts(bytes: number): Generator<Uint8Array> {
  const part = new Uint8Array(64 * 1024);
  for (let left = bytes; left > 0; left -= part.length) yield part.subarray(0, left);
}

async function receive(host: string, port: number): Promise<void> {
  let begun: number | undefined;
  let counted = 0;
  let last = 0;
  const connected = performance.now();
  for await (const part of connect(port, host)) {
    last = performance.now();
    if (begun !== undefined) counted += (part as Uint8Array).length;
    else if (last - connected > 1000) begun = last;
  }
  process.stdout.write(`${(counted * 1000) / (last - (begun ?? last))}\n`);
}
