/** Fetches a blob in a process that tests kill: fetching-process-fixture.ts TORRENT FILE PEER'S-PORT */
import { readFile } from 'node:fs/promises';
import { parseMetainfo } from '../torrent/metainfo.ts';
import { SwarmLab } from './swarm-fixtures.ts';

const [torrent = '', path = '', port] = process.argv.slice(2);
const metainfo = parseMetainfo(await readFile(torrent));
await using lab = await SwarmLab.create();
const swarm = await lab.start();
const peers = [{ host: '127.0.0.1', port: Number(port) }];
await swarm.download(metainfo, { path, peers }).done;
