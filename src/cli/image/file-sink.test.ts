import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { Readable } from 'node:stream';
import { FileSink } from './file-sink.ts';
import { testFolder } from './image-fixtures.ts';
import { LayoutSink } from './layout-sink.ts';
import { writeFileWhole } from './write-file.ts';

test('what is there and no file, such as a device or a socket, is not replaced', async (t) => {
  const folder = await testFolder(t);
  const socket = path.join(folder, 'socket');
  const server = createServer().listen(socket);
  t.after(() => server.close());
  await once(server, 'listening');
  const refused = { code: 'FOLDER_UNUSABLE', message: /no file/ };
  await assert.rejects(FileSink.open(socket), refused);
  await assert.rejects(FileSink.open(path.join(folder, 'none', 'x.tar')), {
    code: 'FOLDER_UNUSABLE',
    message: /ENOENT/,
  });
  const file = path.join(folder, 'x.tar');
  await writeFile(file, 'older');
  await FileSink.open(file);
  await FileSink.open(path.join(folder, 'new.tar'));
});

test('a folder that takes no files is found out before anything is pulled, and the path is named', async () => {
  const refused = {
    code: 'FOLDER_UNUSABLE',
    message: /^\/proc\/x.* cannot be written: no such file/,
  };
  await assert.rejects(FileSink.open('/proc/x.tar'), refused);
  await assert.rejects(LayoutSink.open('/proc/x/'), refused);
});

test('a disk that refuses in the end is told with the path that was given', async (t) => {
  const folder = await testFolder(t);
  const file = path.join(folder, 'gone', 'x.tar');
  const { signal } = new AbortController();
  await assert.rejects(writeFileWhole(file, Readable.from(['x']), signal), {
    code: 'FILE_UNWRITABLE',
    message: `${file} cannot be written: no such file or directory (ENOENT)`,
  });
  const broken = new Error('the source broke');
  const source = new Readable({ read: () => void source.destroy(broken) });
  await assert.rejects(writeFileWhole(path.join(folder, 'x'), source, signal), broken);
});
