import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256Of } from '../../oci/digest.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import { choosePlatform, formatPlatform, hostPlatform, parsePlatform } from './platform.ts';

function listed(text: string | undefined): Descriptor {
  const [os = '', architecture = '', variant] = (text ?? '').split('/');
  return {
    mediaType: mediaTypes.ociManifest,
    digest: sha256Of(Buffer.from(text ?? 'none')),
    size: 1,
    ...(text === undefined
      ? {}
      : { platform: { os, architecture, ...(variant === undefined ? {} : { variant }) } }),
  };
}

const index = [
  'linux/amd64',
  'linux/arm/v6',
  'linux/arm/v7',
  'linux/arm64/v8',
  'windows/amd64',
  'unknown/unknown',
];

const choices: readonly (readonly [wanted: string, chosen: string])[] = [
  ['linux/amd64', 'linux/amd64'],
  ['amd64', 'linux/amd64'],
  ['x86_64', 'linux/amd64'],
  ['linux/arm', 'linux/arm/v7'],
  ['linux/arm/v6', 'linux/arm/v6'],
  ['aarch64', 'linux/arm64/v8'],
  ['linux/arm64/v8', 'linux/arm64/v8'],
  ['windows/amd64', 'windows/amd64'],
];
for (const [wanted, chosen] of choices) {
  test(`of an index, ${wanted} is ${chosen}`, () => {
    const { digest } = choosePlatform(index.map(listed), parsePlatform(wanted));
    assert.equal(digest, listed(chosen).digest);
  });
}

test('a platform that is not there is told with those that are', () => {
  for (const wanted of ['linux/s390x', 'linux/arm/v5']) {
    assert.throws(() => choosePlatform(index.map(listed), parsePlatform(wanted)), {
      code: 'PLATFORM_UNKNOWN',
      message: /linux\/amd64, linux\/arm\/v6/,
    });
  }
});

test('an only image without a platform is taken; attestations never are', () => {
  const wanted = parsePlatform('linux/amd64');
  assert.equal(
    choosePlatform([listed(undefined), listed('unknown/unknown')], wanted).digest,
    listed(undefined).digest,
  );
  assert.throws(() => choosePlatform([listed('unknown/unknown')], wanted), {
    code: 'PLATFORM_UNKNOWN',
  });
  assert.throws(() => choosePlatform([], wanted), { code: 'PLATFORM_UNKNOWN' });
});

test("the host's platform has Go's name", () => {
  assert.equal(formatPlatform(hostPlatform('x64')), 'linux/amd64');
  assert.equal(formatPlatform(hostPlatform('arm64')), 'linux/arm64');
});

test('what is no platform is refused', () => {
  for (const text of ['', 'linux/', '/amd64', 'a/b/c/d', 'linux/am d64']) {
    assert.throws(() => parsePlatform(text), { code: 'USAGE' }, text);
  }
});
