import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { python } from '../../../test/lab/clients.ts';
import type { Contender } from './contender.ts';
import { startRunners } from './restarting-runner.ts';

const script = fileURLToPath(new URL('libtorrent-host.py', import.meta.url));

/** The fastest on 20 hosts with 100 Mbit/s each; super-seeding does best with fewer slots. */
const pieceLength = 256 * 1024;
const slots = { plain: 8, super: 4 } as const;

/** libtorrent with a plain seed. */
export const libtorrent = libtorrentAs('plain');

/** libtorrent with a seed that shows its pieces one by one (BEP 16). */
export const libtorrentSuper = libtorrentAs('super');

/** The engine to beat: one seed and, on every host, a peer that knows all others from the start. */
function libtorrentAs(seeding: 'plain' | 'super'): Contender {
  return {
    name: seeding === 'plain' ? 'libtorrent' : 'libtorrent-super',
    async prepare(contest) {
      const { place, network, image, meter } = contest;
      const torrent = join(place.folder, 'image.torrent');
      const run = (role: string, ...rest: readonly (string | number)[]): string[] => [
        python,
        script,
        role,
        torrent,
        ...rest.map(String),
      ];
      await place.run(run('make', image.folder, pieceLength), { within: 600_000 });
      const seed = place.start(run('seed', dirname(image.folder), slots[seeding], seeding), {
        name: 'libtorrent seed',
        host: network.origin,
      });
      meter.watch('origin', seed);
      await seed.line(/^seeding$/);
      const addresses = [network.origin, ...network.hosts].map(({ address }) => address);
      const runners = await startRunners(
        contest,
        'libtorrent',
        ({ host, folder, gate = '', delay }) => {
          const others = addresses.filter((address) => address !== host.address);
          return run('leech', folder, slots[seeding], gate, delay, ...others);
        },
      );
      return {
        runners,
        async originSent() {
          seed.signal('SIGTERM');
          const [, sent = ''] = await seed.line(/^sent (\d+)$/);
          return Number(sent);
        },
      };
    },
  };
}
