import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The least Go that the suite needs. */
export const neededGo = '1.24';

export interface Go {
  readonly program: string;
  /** `1.26.8`. */
  readonly version: string;
}

/** Where Go may be: on the PATH, or where its archive and its own `go install golang.org/dl/…` put it. */
const usualPlaces: readonly string[] = [
  'go',
  '/usr/local/go/bin/go',
  join(homedir(), 'go', 'bin', 'go'),
];

/** The first Go in `places` that is new enough; or why there is none, and how to get one. */
export function findGo(places: readonly string[] = usualPlaces): Go | { readonly missing: string } {
  const found: Go[] = [];
  for (const program of places) {
    const { stdout } = spawnSync(program, ['version'], { encoding: 'utf8' });
    const version = /^go version go(\d+\.\d+(?:\.\d+)?)/.exec(stdout ?? '')?.[1];
    if (version === undefined) continue;
    if (isAtLeast(version, neededGo)) return { program, version };
    found.push({ program, version });
  }
  const state =
    found.length === 0
      ? 'Go is not installed'
      : found.map(({ program, version }) => `${program} is Go ${version}`).join(', ');
  return {
    missing:
      `${state}: the suite needs Go ${neededGo} or later. Get it from https://go.dev/dl/ (unpack it to /usr/local/go), ` +
      'from your distribution (Debian 13: golang-1.24-go from backports or later), or by `go install golang.org/dl/go1.24.0@latest`.',
  };
}

function isAtLeast(version: string, least: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = least.split('.').map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}
