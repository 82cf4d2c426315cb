import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startAgent } from '../../src/agent/agent-role.ts';
import { silentLog } from '../../src/base/log.ts';
import { sha256Of } from '../../src/oci/digest.ts';
import { startRegistry, type RegistryRole } from '../../src/server/registry-role.ts';
import { pushLayers } from '../lab/oci-client.ts';
import { onlyReading } from './suite-environment.ts';

/** What the suite is run against, with what is asked of it. */
export interface SuiteTarget {
  readonly name: string;
  /** Of the distribution-spec: `1.1` or `dev`. */
  readonly version: string;
  /** True when it does only a part of what the suite can ask for. */
  readonly isPart: boolean;
  /** Starts a fresh one, with all it keeps in `folder`. */
  start(folder: string): Promise<RunningTarget>;
}

export interface RunningTarget extends AsyncDisposable {
  readonly url: string;
  /** For the suite. */
  readonly environment: Readonly<Record<string, string>>;
}

/** All targets for these versions. */
export function targetsFor(versions: readonly string[]): readonly SuiteTarget[] {
  return [
    ...versions.map((version) => registryTarget(version, false)),
    ...versions.map((version) => registryTarget(version, true)),
    ...versions.map(agentTarget),
  ];
}

/** A registry as it is by default, or one that takes manifests whose content is lacking. */
function registryTarget(version: string, sparse: boolean): SuiteTarget {
  return {
    name: sparse ? `${version}-sparse` : version,
    version,
    isPart: false,
    start: async (folder) => {
      const registry = await startRegistryIn(folder, sparse);
      return {
        url: registry.url,
        environment: { OCI_DATA_SPARSE: String(sparse) },
        [Symbol.asyncDispose]: () => registry.close(),
      };
    },
  };
}

/** An agent, which only reads, with a registry behind it. */
function agentTarget(version: string): SuiteTarget {
  return {
    name: `${version}-agent`,
    version,
    isPart: true,
    start: async (folder) => {
      await using parts = new AsyncDisposableStack();
      const registry = parts.use(await startRegistryIn(folder, false));
      const agent = parts.use(
        await startAgent({
          registry: registry.url,
          host: '127.0.0.1',
          port: 0,
          peerHost: '127.0.0.1',
          peerPort: 0,
          location: join(folder, 'agent'),
          log: silentLog,
        }),
      );
      const content = Buffer.from('what the suite reads');
      const layer = {
        digest: sha256Of(content),
        size: content.length,
        path: join(folder, 'layer'),
      };
      await writeFile(layer.path, content);
      const manifest = await pushLayers(registry.url, 'conformance/repo1', 'read', [layer]);
      const running = parts.move();
      return {
        url: agent.url,
        environment: {
          ...onlyReading,
          OCI_RO_DATA_TAGS: 'read',
          OCI_RO_DATA_MANIFESTS: manifest,
          OCI_RO_DATA_BLOBS: layer.digest,
          OCI_RO_DATA_REFERRERS: manifest,
        },
        [Symbol.asyncDispose]: () => running.disposeAsync(),
      };
    },
  };
}

async function startRegistryIn(folder: string, sparse: boolean): Promise<RegistryRole> {
  return await startRegistry({
    host: '127.0.0.1',
    port: 0,
    peerHost: '127.0.0.1',
    peerPort: 0,
    location: join(folder, 'registry'),
    sparse,
    log: silentLog,
  });
}
