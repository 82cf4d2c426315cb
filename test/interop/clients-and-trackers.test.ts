import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { encodeMetainfo, parseMetainfo, type Metainfo } from '../../src/torrent/metainfo.ts';
import { percentEncodeHex } from '../../src/torrent/tracker-query.ts';
import { needClients } from '../lab/clients.ts';
import { containerTools } from '../lab/containers.ts';
import { startAgent, startRegistry, type AgentProcess } from '../lab/docket.ts';
import { eventually } from '../lab/eventually.ts';
import { fetchOn, fetchToFile } from '../lab/fetch-on.ts';
import { holds } from '../lab/holds.ts';
import { startHosts, type Host } from '../lab/hosts.ts';
import { makeImage, type LabImage } from '../lab/image.ts';
import { Lab } from '../lab/lab.ts';
import { loseBlob } from '../lab/lose-blob.ts';
import { torrentUrl } from '../lab/oci-client.ts';
import { startOpentracker } from '../lab/opentracker.ts';
import { digestOfFile } from '../lab/random-file.ts';
import { torrentClients, type TorrentClientName } from '../lab/torrent-clients.ts';

/** One client in one role. A seed gives its blob to an agent, a leech gets its blob from the registry. */
interface Row {
  readonly client: TorrentClientName;
  readonly role: 'seed' | 'leech';
  /** True when it speaks with the tracker over UDP. */
  readonly udp?: boolean;
  /** True for Transmission as it comes: it does not dial a peer without uTP for a long time, so it must be dialled. */
  readonly utp?: boolean;
}

const inEachRole = (client: TorrentClientName, more: Partial<Row> = {}): Row[] => [
  { client, role: 'leech', ...more },
  { client, role: 'seed', ...more },
];
const everyone: readonly Row[] = [
  ...inEachRole('ctorrent'),
  ...inEachRole('aria2'),
  ...inEachRole('transmission'),
  ...inEachRole('libtorrent'),
];

/** The rows of each tracker run at the same time, each with a host and a blob of its own. */
const scenes: readonly {
  readonly tracker: string;
  readonly isBuiltIn: boolean;
  /** True when Docket itself speaks with the tracker over UDP. */
  readonly udp: boolean;
  readonly rows: readonly Row[];
}[] = [
  {
    tracker: 'the built-in tracker',
    isBuiltIn: true,
    udp: false,
    rows: [
      ...everyone,
      ...inEachRole('libtorrent', { udp: true }),
      { client: 'transmission', role: 'leech', utp: true },
    ],
  },
  { tracker: 'opentracker', isBuiltIn: false, udp: false, rows: everyone },
  {
    tracker: 'opentracker over UDP',
    isBuiltIn: false,
    udp: true,
    rows: inEachRole('libtorrent', { udp: true }),
  },
];

// Most of the time is spent waiting for clients that look around every ten seconds.
suite('clients of others take from Docket and give to it', { concurrency: true }, () => {
  for (const { tracker, isBuiltIn, udp, rows } of scenes) {
    test(`through ${tracker}`, async (t) => {
      const clients = new Set(rows.map(({ client }) => client));
      const needed = isBuiltIn ? [] : (['opentracker'] as const);
      if (!needClients(t, 'hosts', 'skopeo', ...needed, ...clients)) return;
      const scene = await openScene(t, isBuiltIn, udp, rows.length);
      await scene.loseBlobs(rows.flatMap(({ role }, index) => (role === 'seed' ? [index] : [])));
      const before = await scene.sent();
      const outcomes = rows.map((row, index) => scene.play(row, index));
      for (const outcome of outcomes) outcome.catch(() => {});
      for (const [index, { client, role, ...more }] of rows.entries()) {
        const way = Object.keys(more).join(', ');
        const name = `${client} as a ${role}${way === '' ? '' : ` (${way})`}`;
        await scene.lab.part(name, async () => await outcomes[index]);
      }
      const after = await scene.sent();
      assert.equal(after.http, before.http, 'the registry sent no blob over HTTP');
    });
  }
});

class Scene {
  readonly lab: Lab;
  readonly sent: () => Promise<{ readonly http: number }>;
  readonly #image: LabImage;
  readonly #torrents: readonly Metainfo[];
  readonly #hosts: readonly Host[];
  readonly #agent: AgentProcess;
  readonly #tracker: string;
  readonly #location: string;

  constructor(parts: {
    readonly lab: Lab;
    readonly sent: () => Promise<{ readonly http: number }>;
    readonly image: LabImage;
    readonly torrents: readonly Metainfo[];
    readonly hosts: readonly Host[];
    readonly agent: AgentProcess;
    /** `HOST:PORT` */
    readonly tracker: string;
    /** The folder of the registry. */
    readonly location: string;
  }) {
    this.lab = parts.lab;
    this.sent = parts.sent;
    this.#image = parts.image;
    this.#torrents = parts.torrents;
    this.#hosts = parts.hosts;
    this.#agent = parts.agent;
    this.#tracker = parts.tracker;
    this.#location = parts.location;
  }

  /** Takes blobs away from the registry: who wants them must get them elsewhere. */
  async loseBlobs(indexes: readonly number[]): Promise<void> {
    for (const index of indexes) {
      await loseBlob(this.#location, this.#image.layers[index]?.digest ?? '');
    }
  }

  /** One row to its end. */
  async play(row: Row, index: number): Promise<void> {
    const metainfo = this.#torrents[index];
    const host = this.#hosts[index];
    const blob = this.#image.layers[index];
    assert.ok(metainfo !== undefined && host !== undefined && blob !== undefined);
    const url = `${row.udp === true ? 'udp' : 'http'}://${this.#tracker}/announce`;
    const torrent = join(this.lab.folder, `${index}.torrent`);
    await writeFile(torrent, encodeMetainfo(metainfo, { trackers: [[url]], webSeeds: [] }));
    const client = torrentClients[row.client];
    const job = { host, torrent, name: metainfo.name, utp: row.utp ?? false };
    if (row.role === 'leech') {
      await this.#peersAre(1, metainfo);
      const file = await client.fetch(this.lab, job);
      assert.equal(await digestOfFile(file), blob.digest);
      return;
    }
    await client.seed(this.lab, job, blob.path);
    await this.#peersAre(2, metainfo);
    const agentHost = this.#agent.host;
    assert.ok(agentHost !== undefined);
    const source = `${this.#agent.url}/v2/team/app/blobs/${blob.digest}`;
    const path = join(this.lab.folder, `pulled-${index}`);
    const pulled = await fetchToFile(this.lab, agentHost, source, path);
    assert.equal(await digestOfFile(pulled), blob.digest);
    const download = await this.#agent.download(blob.digest);
    assert.equal(download?.bytesFromPeers, blob.size);
    assert.equal(download.bytesFromRegistry, 0);
  }

  /**
   * Waits until the tracker knows so many peers, the registry among them. A seed may announce itself before it has looked
   * at its file, and then counts as one that lacks something.
   */
  async #peersAre(count: number, { infoHash }: Metainfo): Promise<void> {
    const url = `http://${this.#tracker}/scrape?info_hash=${percentEncodeHex(infoHash)}`;
    await eventually(
      `${count} peers of ${infoHash} at the tracker`,
      async () => {
        const answer = await fetchOn(this.lab, this.#agent.host, url);
        const figure = (name: string): number =>
          Number(new RegExp(`${name}i(\\d+)e`).exec(answer)?.[1] ?? 0);
        return figure('8:complete') + figure('10:incomplete') >= count;
      },
      { within: 60_000, every: 500 },
    );
  }
}

async function openScene(
  t: TestContext,
  isBuiltIn: boolean,
  udp: boolean,
  blobs: number,
): Promise<Scene> {
  const lab = await Lab.open(t);
  const names = Array.from({ length: blobs }, (_, index) => `client-${index}`);
  const all = await startHosts(lab, ['tracker', 'registry', 'agent', ...names]);
  const [trackerHost, host, agentHost, ...hosts] = all;
  assert.ok(trackerHost !== undefined && host !== undefined && agentHost !== undefined);
  const other = isBuiltIn ? undefined : await startOpentracker(lab, trackerHost);
  const registry = await startRegistry(lab, {
    host,
    logLevel: 'debug',
    ...(other && {
      trackers: [udp ? `udp://${other.address}` : other.address],
      trackerWhitelist: other.whitelist,
      trackerReload: other.reload,
    }),
  });
  const agent = await startAgent(lab, {
    host: agentHost,
    registry: registry.url,
    logLevel: 'debug',
  });
  const lengths = Array.from({ length: blobs }, () => 3_000_000);
  const image = await makeImage(lab, 'image', lengths, { runnable: false });
  const tools = await containerTools(lab, { host });
  const target = `docker://${host.address}:8000/team/app:1`;
  await tools.skopeo(['copy', '--dest-tls-verify=false', `oci:${image.layout}:latest`, target]);

  // With the manifest the agent learns all torrents, and needs the registry for them no more.
  await fetchOn(lab, agentHost, `${agent.url}/v2/team/app/manifests/1`);
  const torrents = await Promise.all(
    image.layers.map(async ({ digest }, index) => {
      const url = torrentUrl(registry.url, 'team/app', digest);
      const path = join(lab.folder, `served-${index}.torrent`);
      return parseMetainfo(await readFile(await fetchToFile(lab, host, url, path)));
    }),
  );
  for (const { sha1 } of torrents) {
    await eventually('the piece hashes on the disk of the agent', () =>
      holds(agent.location, sha1),
    );
  }
  const tracker = other?.address ?? `${host.address}:8000`;
  const { location } = registry;
  const sent = (): Promise<{ readonly http: number }> => registry.sent();
  return new Scene({ lab, sent, image, torrents, hosts, agent, tracker, location });
}
