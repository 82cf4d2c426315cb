import { connect } from 'node:net';

/**
 * Sends bytes that need not be HTTP, and gives what comes back until the server closes or breaks off the connection, or for 5
 * seconds.
 */
export async function rawExchange(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  socket.write(bytes, 'latin1');
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1');
  });
  const timer = setTimeout(() => socket.destroy(new Error('the server keeps it open')), 5000);
  await new Promise((resolve) => void socket.once('close', resolve));
  clearTimeout(timer);
  return answer;
}
