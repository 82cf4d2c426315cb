import { digestFileName } from '../../oci/digest.ts';
import { encodeMetainfo, parseMetainfo } from '../../torrent/metainfo.ts';
import type { Exchange } from '../exchange.ts';
import { hostAndPort, schemeOf } from '../own-address.ts';
import type { Handler, Services } from '../services.ts';
import { blobPath } from './blobs.ts';

/**
 * `GET /v2/<name>/_docket/torrents/<digest>`: a blob as a standard `.torrent` (BEP 3), with the registry as its web seed
 * (BEP 19). With `?keys=false` its URLs hold no keys: for clients with a login. It names the registry as the client did, so that it leads back here from wherever the client is.
 */
export const getTorrent: Handler = async (exchange, services) => {
  const { repository, digest } = exchange;
  const { registry, trackers, access } = services;
  await registry.blobs.stat(repository, digest);
  const { metainfo } = await registry.seeding.torrents.get(digest);
  const origin = originOf(exchange, services);
  // Torrent clients know no logins: what they may announce and fetch stands in the URL.
  const isKeyless = access === undefined || exchange.query.get('keys') === 'false';
  const query = isKeyless ? '' : `?auth=${access.keyFor(exchange, digest)}`;
  const torrent = encodeMetainfo(parseMetainfo(metainfo), {
    trackers: trackers ?? [[`${origin}/announce${query}`]],
    webSeeds: [origin + blobPath(repository, digest) + query],
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

function originOf(exchange: Exchange, { advertise }: Services): string {
  if (advertise === undefined) return exchange.origin;
  const { socket } = exchange.request;
  return `${schemeOf(socket)}://${hostAndPort(advertise, socket.localPort ?? 0)}`;
}
