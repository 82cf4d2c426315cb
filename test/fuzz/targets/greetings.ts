import assert from 'node:assert/strict';
import {
  encodeExtensionHandshake,
  parseExtensionHandshake,
} from '../../../src/torrent/extension-handshake.ts';
import {
  encodeHandshake,
  handshakeLength,
  mayBeHandshake,
  parseHandshake,
} from '../../../src/torrent/handshake.ts';
import type { InfoHash, PeerId } from '../../../src/torrent/ids.ts';
import type { FuzzTarget } from '../target.ts';

/** A handshake is told from other bytes as soon as they differ, and not before. */
export const handshakeTarget: FuzzTarget = {
  name: 'handshake',
  seeds: [
    encodeHandshake('ab'.repeat(20) as InfoHash, 'cd'.repeat(20) as PeerId),
    Buffer.from('\x13BitTorrent protocol'),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
  ],
  run(input) {
    const bytes = input.subarray(0, handshakeLength);
    const handshake = parseHandshake(bytes);
    for (let length = 0; length <= bytes.length; length++) {
      const isRight = mayBeHandshake(bytes.subarray(0, length));
      assert.ok(isRight || handshake === undefined);
      if (!isRight) assert.equal(mayBeHandshake(bytes), false, 'it was right again');
    }
    assert.equal(
      handshake !== undefined,
      bytes.length === handshakeLength && mayBeHandshake(bytes),
    );
    if (handshake === undefined) return;
    const again = parseHandshake(encodeHandshake(handshake.infoHash, handshake.peerId));
    assert.deepEqual(again, { ...handshake, fast: true, extended: true });
  },
};

/** An extension handshake is read within its bounds or not at all; what was read is written and read as the same. */
export const extensionTarget: FuzzTarget = {
  name: 'extension-handshake',
  seeds: [
    'd1:md11:ut_metadatai3ee1:pi6881e4:reqqi250e11:upload_onlyi1e1:v6:Dockete',
    'd1:md6:ut_pexi1ee6:yourip4:abcd4:zone5:zh-1be',
    'd12:complete_agoi-1e1:md11:lt_donthavei7e11:upload_onlyi3e12:ut_holepunchi4ee13:metadata_sizei31235ee',
  ].map((text) => Buffer.from(text)),
  run(input) {
    const read = parseExtensionHandshake(input);
    if (read === undefined) return;
    const { port, requestLimit } = read;
    assert.ok(port === undefined || (port > 0 && port < 65_536));
    assert.ok(requestLimit === undefined || requestLimit > 0);
    assert.deepEqual(parseExtensionHandshake(encodeExtensionHandshake(read)), read);
  },
};
