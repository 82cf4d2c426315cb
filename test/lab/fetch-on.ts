import type { Host } from './hosts.ts';
import type { Workplace } from './workplace.ts';

const script = `
  import { createWriteStream } from 'node:fs';
  import { Readable } from 'node:stream';
  import { pipeline } from 'node:stream/promises';
  const [url, path] = process.argv.slice(1);
  const accept = 'application/vnd.oci.image.manifest.v1+json, */*';
  const answer = await fetch(url, { headers: { accept } });
  if (!answer.ok) throw new Error(answer.status + ' ' + (await answer.text()));
  const to = path === undefined ? process.stdout : createWriteStream(path);
  await pipeline(Readable.fromWeb(answer.body), to, { end: path !== undefined });`;

/** The body of `GET url` as seen from a host, or from this machine; throws unless the status is a success. */
export async function fetchOn(
  place: Workplace,
  host: Host | undefined,
  url: string,
): Promise<string> {
  if (host !== undefined) {
    const command = [process.execPath, '--input-type=module', '-e', script, url];
    return place.run(command, { name: `GET ${url}`, host, within: 30_000 });
  }
  const answer = await fetch(url, { signal: AbortSignal.timeout(30_000) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`GET ${url}: ${answer.status} ${text}`);
  return text;
}

/** Writes the body of `GET url`, as seen from a host, to a file; throws when it is no success or is cut. */
export async function fetchToFile(
  place: Workplace,
  host: Host,
  url: string,
  path: string,
): Promise<string> {
  const command = [process.execPath, '--input-type=module', '-e', script, url, path];
  await place.run(command, { name: `GET ${url} on ${host.name}`, host, within: 120_000 });
  return path;
}
