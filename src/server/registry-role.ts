import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { every, sleep, systemClock } from '../base/clock.ts';
import { readVersion } from '../base/version.ts';
import { systemRandom } from '../base/random.ts';
import { limitLink } from '../base/link-limits.ts';
import { RequestObserver } from '../observe/request-observer.ts';
import { GcSchedule } from '../registry/gc/gc-schedule.ts';
import { Registry } from '../registry/registry.ts';
import type { SeedAnnouncer } from '../registry/seeding.ts';
import { WhitelistAnnouncer } from '../registry/whitelist-announcer.ts';
import { makeFolder } from '../storage/durable-file.ts';
import { FolderIdentity } from '../storage/folder-identity.ts';
import { FolderLock } from '../storage/folder-lock.ts';
import { openBlobStore } from '../storage/open-blob-store.ts';
import { openSqliteCatalog } from '../storage/sql-catalog.ts';
import { storageFault } from '../storage/storage-error.ts';
import type { SwarmOptions } from '../swarm/swarm-options.ts';
import { startSwarmOnUsualPort } from '../swarm/usual-port.ts';
import type { Swarm } from '../swarm/swarm-types.ts';
import type { TrackerClient } from '../swarm/tracker-client.ts';
import { createTrackerClient } from '../swarm/create-tracker-client.ts';
import type { TrackerTiers } from '../torrent/tracker-tiers.ts';
import { Tracker } from '../tracker/tracker.ts';
import type { AccessSource } from './access/access-rules.ts';
import type { Access } from './access/access.ts';
import { AuditLog } from './access/audit-log.ts';
import { BlobRights } from './access/blob-rights.ts';
import { errorFields } from './error-status.ts';
import { ForeignPeers } from './foreign-peers.ts';
import { GcFigures } from './gc-figures.ts';
import { startHttpServer } from './http-server.ts';
import { OriginAddress } from './origin-address.ts';
import {
  advertisedAddressOf,
  defaultGcInterval,
  trackersOf,
  type RegistryOptions,
} from './registry-options.ts';
import { createRequestHandler } from './request-handler.ts';
import { Readiness } from './readiness.ts';
import { runCommand } from './run-command.ts';
import { ServerMetrics } from './server-metrics.ts';
import { storageFigures } from './storage-figures.ts';
import { storeDisk } from './store-disk.ts';
import { SwarmSource } from './swarm-source.ts';
import { startUdpTracker } from './start-udp-tracker.ts';
import { openTls } from './tls.ts';
import { Traffic } from './traffic.ts';
import { Webhooks } from './webhooks/webhooks.ts';

export type { RegistryOptions } from './registry-options.ts';

/** A registry that runs. */
export interface RegistryRole extends AsyncDisposable {
  /** Of its HTTP face, as this host reaches it. */
  readonly url: string;
  readonly port: number;
  /** Of the tracker's UDP face, when it has one. */
  readonly udpPort: number | undefined;
  readonly peerPort: number;
  /**
   * Reads users, rules and the certificate again; undefined when there are none. Never rejects: what cannot be read leaves
   * what was before.
   */
  readonly reload: (() => Promise<void>) | undefined;
  /** Lets requests end for a few seconds, leaves the swarms, and resolves when all is down and durable. */
  close(): Promise<void>;
}

const sweepEvery = 3600_000;

/**
 * Starts a registry: its storage, seeder, tracker and HTTP face, on one folder. It seeds at once all that the folder
 * holds. Throws RegistryError, StorageError STORAGE_LOCKED when another process has the folder, or the system's error when
 * an address is taken.
 */
export async function startRegistry(options: RegistryOptions): Promise<RegistryRole> {
  const { location, log } = options;
  const trackers = trackersOf(options);
  const advertisedAddress = await advertisedAddressOf(options);

  await using parts = new AsyncDisposableStack();
  if (options.mustExist === true) await FolderIdentity.open(location, { mustExist: true });
  else await makeLocation(location);
  parts.use(FolderLock.take(location));
  const identity = await FolderIdentity.open(location);
  const store = parts.use(await openBlobStore(identity, options.storage ?? {}, systemClock));
  const webhooks = new Webhooks({
    webhooks: options.webhooks ?? [],
    host: options.advertise,
    clock: systemClock,
    wallTime: Date.now,
  });
  const expectVolume = (text: string): void => {
    // The database would go on in a volume that is not there any more for anybody else.
    if (!/^(select|rollback)/.test(text)) identity.expectNow();
  };
  const catalog = parts.use(
    await openSqliteCatalog(join(location, 'catalog.db'), Date.now, expectVolume, webhooks),
  );
  const gc = new GcFigures(Date.now);
  const registry = new Registry({
    store,
    catalog,
    log,
    sparse: options.sparse ?? false,
    retention: options.retention,
    gcObserver: gc,
  });
  parts.defer(() => registry.close());

  const link = limitLink(options.link ?? {}, systemClock, Date.now);
  parts.defer(() => link.stop());
  const traffic = new Traffic(link.upload, link.download);
  const trackerClient = createTrackerClient();
  parts.defer(() => trackerClient.close());
  const swarm = parts.use(await startOrigin(options, registry, traffic, trackerClient));
  await startSeeding(options, registry, swarm, trackers, parts);
  startSweeping(registry, options, parts);
  startGarbageCollection(registry, options, parts);

  const foreignPeers = new ForeignPeers(systemClock, (infoHash, peers) =>
    swarm.greet(infoHash, peers),
  );
  parts.defer(() => foreignPeers.close());
  const tracker =
    trackers === undefined
      ? new Tracker({
          clock: systemClock,
          random: systemRandom,
          log,
          allows: (infoHash) => registry.seeding.knows(infoHash),
          heardOf: (...peer) => foreignPeers.heardOf(...peer),
        })
      : undefined;
  parts.defer(() => tracker?.close());
  const healing = join(location, 'healing');
  // What a process that was killed had on its way.
  await rm(healing, { recursive: true, force: true });
  registry.healing.add(
    new SwarmSource({
      catalog,
      swarm,
      tracker,
      trackers,
      folder: healing,
      clock: systemClock,
    }),
  );
  parts.defer(() => registry.healing.close());
  const origins = new OriginAddress(advertisedAddress, () => swarm.port);
  const metrics = new ServerMetrics({
    traffic,
    swarm: () => swarm.totals(),
    gc,
    storage: storageFigures(location, () => catalog.figures(), systemClock),
    uploads: () => registry.uploads.underWay,
  });
  parts.defer(() => webhooks.close(log));
  const version = await readVersion();
  await webhooks.start({
    outbox: catalog.outbox,
    metrics: metrics.webhooks,
    random: systemRandom,
    log,
    version,
  });
  const readiness = new Readiness({ store, catalog, log });
  const access = parts.use(options.access && (await openAccess(options.access, options, registry)));
  const auditPath = options.auditLog ?? (access && join(location, 'audit.jsonl'));
  const audit =
    auditPath === undefined
      ? undefined
      : new AuditLog({ path: auditPath, log, lost: () => metrics.lostAuditLine() });
  parts.defer(() => audit?.close());
  const tls = options.tls && (await openTls(options.tls, systemClock, log));
  parts.defer(() => tls?.close());
  const handler = createRequestHandler({
    registry,
    traffic,
    metrics,
    observer: new RequestObserver({
      role: 'registry',
      metrics: metrics.requests,
      log,
      clock: systemClock,
      accessLog: options.accessLog ?? true,
    }),
    readiness,
    log,
    version,
    tracker,
    trackers,
    advertise: options.advertise,
    origins,
    access,
    blobRights: new BlobRights(registry, () => systemClock.now()),
    audit,
    deletes: options.deletes ?? true,
  });
  const http = await startHttpServer({
    host: options.host ?? '0.0.0.0',
    port: options.port ?? 8000,
    handler,
    tls,
  });
  parts.defer(() => http.close());
  // A datagram has no room for a key: where announces need one, they come over HTTP.
  const udp =
    tracker === undefined || access !== undefined
      ? undefined
      : await startUdpTracker({
          tracker,
          host: options.host ?? '0.0.0.0',
          named: options.udpPort,
          httpPort: http.port,
          origins,
          clock: systemClock,
          log,
        });
  parts.defer(() => udp?.close());

  const running = parts.move();
  const close = async (): Promise<void> => {
    readiness.close();
    // Whoever sends requests here gets the time to see that it should not any more.
    if (options.shutdownDelay !== undefined) await sleep(systemClock, options.shutdownDelay);
    await running.disposeAsync();
  };
  return {
    url: http.url,
    port: http.port,
    udpPort: udp?.port,
    peerPort: swarm.port,
    reload:
      access === undefined && tls === undefined
        ? undefined
        : async () => {
            await Promise.all([access?.rules.reload(), tls?.reload()]);
          },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function makeLocation(location: string): Promise<void> {
  try {
    await makeFolder(location);
  } catch (error) {
    throw storageFault(`cannot use the folder ${location}`, error);
  }
}

async function openAccess(
  source: AccessSource,
  { location, log }: RegistryOptions,
  { catalog }: Registry,
): Promise<Access> {
  // What reads rules and tokens is loaded only where there are any.
  const access = await import('./access/access.ts');
  return await access.Access.open({ source, location, catalog, log });
}

async function startOrigin(
  options: RegistryOptions,
  registry: Registry,
  traffic: Traffic,
  trackerClient: TrackerClient,
): Promise<Swarm> {
  const { log, peerPort, peerHost, peersFrom, maxPeers } = options;
  const swarmOptions: Omit<SwarmOptions, 'listen'> = {
    clock: systemClock,
    random: systemRandom,
    log,
    upload: traffic.upload,
    download: traffic.download,
    trackerClient,
    seed: (infoHash) => registry.seeding.seed(infoHash),
    damaged: (infoHash) => {
      registry.seeding.damaged(infoHash).catch((error: unknown) => {
        log.error({ infoHash, ...errorFields(error) }, 'could not look at a damaged blob');
      });
    },
    disk: storeDisk(registry.store, systemClock),
    isOrigin: true,
    peersFrom,
    maxPeers,
  };
  return await startSwarmOnUsualPort(swarmOptions, peerHost, peerPort);
}

/** With the built-in tracker the origin stands in every swarm by itself; another one must be told of each blob. */
async function startSeeding(
  options: RegistryOptions,
  registry: Registry,
  swarm: Swarm,
  trackers: TrackerTiers | undefined,
  parts: AsyncDisposableStack,
): Promise<void> {
  const { trackerWhitelist: path, trackerReload, log } = options;
  let announcer: SeedAnnouncer = {
    add: (infoHashes) => {
      if (trackers === undefined) return;
      for (const infoHash of infoHashes) swarm.announceSeed(infoHash, trackers);
    },
    remove: (infoHash) => swarm.withdraw(infoHash),
  };
  if (path !== undefined) {
    const reload = (signal: AbortSignal): Promise<void> =>
      trackerReload === undefined ? Promise.resolve() : runCommand(trackerReload, signal);
    const whitelist = new WhitelistAnnouncer({
      path,
      reload,
      next: announcer,
      clock: systemClock,
      log,
    });
    parts.defer(() => whitelist.close());
    announcer = whitelist;
  }
  await registry.seeding.start(announcer);
}

/** What crashes and clients left behind is removed, at the start and now and then. */
function startSweeping(
  registry: Registry,
  { log }: RegistryOptions,
  parts: AsyncDisposableStack,
): void {
  let sweeping: Promise<unknown> | undefined;
  const sweep = (): void => {
    sweeping ??= registry.uploads
      .sweep(Date.now())
      .catch((error: unknown) => log.error(errorFields(error), 'could not sweep old uploads'))
      .finally(() => {
        sweeping = undefined;
      });
  };
  sweep();
  const stop = every(systemClock, sweepEvery, sweep);
  parts.defer(async () => {
    stop();
    await sweeping;
  });
}

function startGarbageCollection(
  { garbage }: Registry,
  { gcInterval: interval = defaultGcInterval, log }: RegistryOptions,
  parts: AsyncDisposableStack,
): void {
  if (interval === 0) return;
  const schedule = new GcSchedule({
    garbage,
    interval,
    clock: systemClock,
    wallTime: Date.now,
    log,
  });
  parts.defer(() => schedule.close());
}
