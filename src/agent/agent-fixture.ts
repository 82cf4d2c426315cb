import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { startAgent, type AgentOptions, type AgentRole } from './agent-role.ts';
import { startHostEngine, type HostEngine, type HostEngineOptions } from './host-engine.ts';

/** A folder of its own for one test, gone afterwards. */
export class TestFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(folder: string) {
    this.path = folder;
  }

  static async make(): Promise<TestFolder> {
    return new TestFolder(await mkdtemp(path.join(tmpdir(), 'docket-agent-')));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** A host's engine on loopback and free ports. */
export function engineFor(
  registry: URL,
  location: string,
  options: Partial<HostEngineOptions> = {},
): Promise<HostEngine> {
  return startHostEngine({
    registry,
    location,
    peerHost: '127.0.0.1',
    peerPort: 0,
    clock: systemClock,
    random: Math.random,
    log: silentLog,
    ...options,
  });
}

/** An agent on loopback and free ports. */
export function agentFor(
  registry: URL,
  location: string,
  options: Partial<AgentOptions> = {},
): Promise<AgentRole> {
  return startAgent({
    registry: registry.href,
    port: 0,
    location,
    peerHost: '127.0.0.1',
    peerPort: 0,
    log: silentLog,
    ...options,
  });
}
