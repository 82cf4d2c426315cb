import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { libtorrentMissing, python } from '../../test/lab/clients.ts';
import { writeTorrent } from './blob.ts';
import { begin, portOf, type Contender } from './contender.ts';

const script = fileURLToPath(new URL('libtorrent-peer.py', import.meta.url));

/** libtorrent (Rasterbar), by its Python binding. */
export const libtorrent: Contender = {
  name: 'libtorrent',
  missing: libtorrentMissing,
  async start({ place, blob, target }) {
    const torrent = await writeTorrent(blob, join(target, 'blob.torrent'));
    const sender = place.start([python, script, 'seed', torrent, blob.folder], {
      name: 'libtorrent sender',
    });
    const port = String(await portOf(sender));
    const receiver = place.start([python, script, 'fetch', torrent, target, port], {
      name: 'libtorrent receiver',
    });
    await portOf(receiver);
    const path = join(target, blob.metainfo.name);
    return { sender, receiver, path, transfer: () => begin(receiver) };
  },
};
