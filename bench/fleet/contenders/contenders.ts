import type { ContenderName } from '../options.ts';
import { central } from './central.ts';
import type { Contender } from './contender.ts';
import { docket } from './docket.ts';
import { libtorrent, libtorrentSuper } from './libtorrent.ts';

export const contenders: Readonly<Record<ContenderName, Contender>> = {
  docket,
  central,
  libtorrent,
  'libtorrent-super': libtorrentSuper,
};
