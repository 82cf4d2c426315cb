import { digestFileName } from '../../oci/digest.ts';
import { encodeMetainfo, parseMetainfo } from '../../torrent/metainfo.ts';
import type { Exchange } from '../exchange.ts';
import { hostAndPort, isHostAndPort, reachedAddress } from '../own-address.ts';
import type { Handler, Services } from '../services.ts';
import { blobPath } from './blobs.ts';

/**
 * `GET /v2/<name>/_docket/torrents/<digest>`: a blob as a standard `.torrent` (BEP 3), with the registry as its web seed
 * (BEP 19). It names the registry as the client did, so that it leads back here from wherever the client is.
 */
export const getTorrent: Handler = async (exchange, services) => {
  const { repository, digest } = exchange;
  const { registry, trackers } = services;
  await registry.blobs.stat(repository, digest);
  const { metainfo } = await registry.seeding.torrents.get(digest);
  const origin = `http://${ownAddress(exchange, services)}`;
  const torrent = encodeMetainfo(parseMetainfo(metainfo), {
    trackers: trackers ?? [[`${origin}/announce`]],
    webSeeds: [origin + blobPath(repository, digest)],
  });
  exchange.send(
    200,
    {
      'Content-Type': 'application/x-bittorrent',
      'Content-Disposition': `attachment; filename="${digestFileName(digest)}.torrent"`,
    },
    torrent,
  );
};

function ownAddress({ request }: Exchange, { advertise }: Services): string {
  const { localPort = 0 } = request.socket;
  if (advertise !== undefined) return hostAndPort(advertise, localPort);
  const { host } = request.headers;
  if (host !== undefined && isHostAndPort(host)) return host;
  return hostAndPort(reachedAddress(request.socket), localPort);
}
