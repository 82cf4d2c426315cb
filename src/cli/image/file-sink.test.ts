import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { FileSink } from './file-sink.ts';
import { testFolder } from './image-fixtures.ts';

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
