import { parseRepository, type Repository } from '../../oci/reference.ts';
import { OciError } from '../../oci/oci-error.ts';

/**
 * Whose images the mirror stands in for: those of its registry, and, as with docker's `registry-mirrors`, Docker Hub's
 * (`library/x` is looked up as `library/x` at the registry), and whatever `aliases` name. The names come from any process
 * on the host, so nothing else is ever contacted (SSRF).
 */
export class Origins {
  readonly #hosts = new Set(['docker.io', 'registry-1.docker.io', 'index.docker.io']);

  /** `aliases` are `host` or `host:port`. */
  constructor(registry: URL, aliases: readonly string[]) {
    this.#hosts.add(registry.host.toLowerCase());
    if (registry.port === '') {
      this.#hosts.add(`${registry.hostname}:${registry.protocol === 'https:' ? 443 : 80}`);
    }
    for (const alias of aliases) this.#hosts.add(alias.toLowerCase());
  }

  /**
   * The registry's name for what a client calls `name`, as it stood in the path, and `namespaces`, the values of `ns` in
   * the query (containerd names the origin there). Without `ns` an origin may come first in the name (podman). Throws
   * OciError NAME_UNKNOWN for other origins, NAME_INVALID.
   */
  repository(name: string, namespaces: readonly string[]): Repository {
    const [namespace, second] = namespaces;
    if (namespace !== undefined) {
      if (second !== undefined || !this.#hosts.has(namespace.toLowerCase())) {
        throw new OciError('NAME_UNKNOWN', 'this mirror is not for that registry');
      }
      return parseRepository(name);
    }
    const slash = name.indexOf('/');
    const first = name.slice(0, Math.max(0, slash)).toLowerCase();
    return parseRepository(this.#hosts.has(first) ? name.slice(slash + 1) : name);
  }
}
