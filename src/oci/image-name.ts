import { isHostPart } from './reference.ts';

/** The hosts that Docker leaves out of names. */
const hubHosts = new Set(['docker.io', 'index.docker.io']);

/** True for a host that stands for no host at all, as Docker writes names. */
export function isHubHost(host: string): boolean {
  return hubHosts.has(host);
}

/**
 * The full form of a name that engines use inside: `docker.io/library/busybox:1` for `busybox:1`, as containerd's image
 * store and podman expect it. A name that already has a host keeps it.
 */
export function fullImageName(name: string): string {
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  if (isHostPart(first) && !hubHosts.has(first)) return name;
  const path = hubHosts.has(first) ? name.slice(slash + 1) : name;
  return path.includes('/') ? `docker.io/${path}` : `docker.io/library/${path}`;
}

/** True when both are names of one image: a missing tag means `latest`, a missing host Docker Hub. */
export function sameImageName(one: string, other: string): boolean {
  return fullImageName(withTag(one)) === fullImageName(withTag(other));
}

function withTag(name: string): string {
  return name.lastIndexOf(':') > name.lastIndexOf('/') ? name : `${name}:latest`;
}
