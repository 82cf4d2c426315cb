import type { Host } from './hosts.ts';
import type { Lab } from './lab.ts';

const script = `
  const answer = await fetch(process.argv[1]);
  const text = await answer.text();
  if (!answer.ok) throw new Error(answer.status + ' ' + text);
  process.stdout.write(text);`;

/** The body of `GET url` as seen from a host, or from this machine; throws unless the status is a success. */
export async function fetchOn(lab: Lab, host: Host | undefined, url: string): Promise<string> {
  if (host !== undefined) {
    const command = [process.execPath, '--input-type=module', '-e', script, url];
    return lab.run(command, { name: `GET ${url}`, host, within: 30_000 });
  }
  const answer = await fetch(url, { signal: AbortSignal.timeout(30_000) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`GET ${url}: ${answer.status} ${text}`);
  return text;
}
