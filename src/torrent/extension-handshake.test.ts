import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { ordinary, zones } from '../../test/arbitraries.ts';
import { fuzzRuns, survives } from '../../test/mutations.ts';
import { encodeBencode } from './bencode.ts';
import { encodeExtensionHandshake, parseExtensionHandshake } from './extension-handshake.ts';

const handshakes = fc.record(
  {
    client: fc.option(fc.string({ unit: 'grapheme', maxLength: 40 }), { nil: undefined }),
    port: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
    requestLimit: fc.option(fc.integer({ min: 1, max: 100_000 }), { nil: undefined }),
    isUploadOnly: fc.boolean(),
    longestBlock: fc.option(fc.integer({ min: 16_385, max: 2 ** 20 - 9 }), { nil: undefined }),
    reveals: fc.boolean(),
    zone: fc.option(zones, { nil: undefined }),
    crossingId: fc.option(fc.integer({ min: 1, max: 255 }), { nil: undefined }),
  },
  ordinary,
);

suite('extension handshake', () => {
  test('what is written is read as the same', () => {
    fc.assert(
      fc.property(handshakes, (handshake) => {
        assert.deepEqual(parseExtensionHandshake(encodeExtensionHandshake(handshake)), handshake);
      }),
      { numRuns: fuzzRuns },
    );
  });

  test('unknown keys and values that make no sense are as if absent', () => {
    const payload = encodeBencode({
      m: { ut_metadata: 2 },
      metadata_size: -1,
      p: 70_000,
      reqq: -5,
      upload_only: 2,
      v: ['not a name'],
      zone: 'not a zone',
    });
    assert.deepEqual(parseExtensionHandshake(payload), {
      client: undefined,
      port: undefined,
      requestLimit: undefined,
      isUploadOnly: false,
      longestBlock: undefined,
      reveals: false,
      zone: undefined,
      crossingId: undefined,
    });
  });

  test('what is no dictionary, or is too long, is no handshake', () => {
    for (const payload of ['', 'i5e', 'le', 'd', 'd1:v'])
      assert.equal(parseExtensionHandshake(Buffer.from(payload)), undefined, payload);
    const long = encodeBencode({ v: 'x'.repeat(20_000) });
    assert.equal(parseExtensionHandshake(long), undefined);
  });

  test('damaged payloads never throw', () => {
    survives(handshakes.map(encodeExtensionHandshake), parseExtensionHandshake, () => false);
  });
});
