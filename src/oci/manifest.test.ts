import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256Of } from './digest.ts';
import { blobsOf, manifestsOf, parseManifest } from './manifest.ts';
import { mediaTypes } from './media-type.ts';

const digest = sha256Of(new Uint8Array());
const config = { mediaType: mediaTypes.ociConfig, digest, size: 2 };
const layer = { mediaType: mediaTypes.ociLayerGzip, digest, size: 7 };
const image = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [layer] };
const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [layer] };

function bytesOf(document: unknown): Uint8Array {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  return new TextEncoder().encode(text);
}

test('an image manifest lists its config and layers', () => {
  const manifest = parseManifest(bytesOf(image), mediaTypes.ociManifest);
  assert.equal(manifest.kind, 'image');
  assert.deepEqual(blobsOf(manifest), [config, layer]);
});

test('an index lists manifests, and blobs where an entry has another type', () => {
  const child = { mediaType: mediaTypes.dockerManifest, digest, size: 3 };
  const manifest = parseManifest(
    bytesOf({ ...index, manifests: [child, layer] }),
    `${mediaTypes.ociIndex}; charset=utf-8`,
  );
  assert.equal(manifest.kind, 'index');
  assert.deepEqual(manifestsOf(manifest), [child]);
  assert.deepEqual(blobsOf(manifest), [layer]);
});

test('a body without mediaType has the Content-Type it came with', () => {
  const { mediaType: _, ...bare } = image;
  assert.equal(
    parseManifest(bytesOf(bare), mediaTypes.dockerManifest).mediaType,
    mediaTypes.dockerManifest,
  );
  assert.equal(parseManifest(bytesOf(bare)).mediaType, mediaTypes.ociManifest);
});

test('subject, artifactType, annotations, platform and urls are read', () => {
  const platform = { architecture: 'arm64', os: 'linux', variant: 'v8', 'os.version': '1' };
  const manifest = parseManifest(
    bytesOf({
      ...index,
      artifactType: 'application/x',
      annotations: { a: 'b' },
      subject: { ...layer, urls: ['https://example/x'] },
      manifests: [{ ...layer, platform }],
    }),
  );
  assert.equal(manifest.artifactType, 'application/x');
  assert.deepEqual(manifest.annotations, { a: 'b' });
  assert.deepEqual(manifest.subject?.urls, ['https://example/x']);
  assert.deepEqual(manifest.kind === 'index' && manifest.manifests[0]?.platform, {
    architecture: 'arm64',
    os: 'linux',
    variant: 'v8',
    osVersion: '1',
  });
});

test('unknown members are ignored, also with names that matter elsewhere', () => {
  const annotations = { Size: '1', size: '2', mediatype: 'x' };
  parseManifest(bytesOf({ ...image, annotations, custom: { Layers: 1, layers: 2 }, data: 'e30=' }));
});

test('keys are told from strings that look like keys', () => {
  parseManifest(bytesOf({ ...image, annotations: { a: '"layers": [', b: '\\"manifests"\\' } }));
});

test('empty lists are accepted, written as [] or null', () => {
  for (const layers of [[], null]) {
    assert.deepEqual(blobsOf(parseManifest(bytesOf({ ...image, layers }))), [config]);
  }
  for (const manifests of [[], null]) {
    assert.equal(parseManifest(bytesOf({ ...index, manifests })).kind, 'index');
  }
});

const text = JSON.stringify(image);
const refused: readonly (readonly [string, unknown, string?])[] = [
  ['that is no JSON', 'hello'],
  ['that is an array', [image]],
  ['that is null', null],
  ['with layers and manifests', { ...image, manifests: [] }],
  ['with an index type and layers', { ...index, layers: [] }],
  ['with an index type and config', { ...index, config }],
  ['of an index type without manifests', { schemaVersion: 2, mediaType: mediaTypes.ociIndex }],
  ['without config', { ...image, config: undefined }],
  ['whose mediaType is not its Content-Type', image, mediaTypes.dockerManifest],
  ['whose manifests came as an image', { manifests: [] }, mediaTypes.ociManifest],
  ['of an unknown type', { ...image, mediaType: 'application/json' }],
  ['of schema 1', { fsLayers: [] }, 'application/vnd.docker.distribution.manifest.v1+prettyjws'],
  ['whose mediaType is a number', { ...image, mediaType: 1 }],
  ['with mediaType twice', text.replace('{', `{"mediaType":"${mediaTypes.ociManifest}",`)],
  ['with layers twice', text.replace('{', '{"layers":[],')],
  ['with Layers beside layers', text.replace('{', '{"Layers":[],')],
  ['with MANIFESTS beside layers', text.replace('{', '{"MANIFESTS":[],')],
  ['with manifeſts beside layers, which Go reads as manifests', { ...image, manifeſts: [] }],
  ['with ſize beside size in a layer', text.replace('"size":7', '"size":7,"ſize":8')],
  ['with an escaped second layers', text.replace('{', '{"l\\u0061yers":[],')],
  ['with Config for config', text.replace('"config"', '"Config"')],
  ['with a digest twice in a layer', text.replace('"size":7', `"size":7,"digest":"${digest}"`)],
  ['with Size beside size in a layer', text.replace('"size":7', '"size":7,"Size":8')],
  ['with a layer that is no object', { ...image, layers: ['x'] }],
  ['with layers that are no array', { ...image, layers: {} }],
  ['with a bad layer digest', { ...image, layers: [{ ...layer, digest: 'sha256:..' }] }],
  ['with a layer without mediaType', { ...image, layers: [{ digest, size: 1 }] }],
  ['with annotations that are no strings', { ...image, annotations: { a: 1 } }],
  ['nested too deep', text.replace('{', `{"x":${'['.repeat(100)}${']'.repeat(100)},`)],
];
for (const [what, document, contentType] of refused) {
  test(`a manifest ${what} is refused`, () => {
    assert.throws(() => parseManifest(bytesOf(document), contentType), {
      code: 'MANIFEST_INVALID',
    });
  });
}

for (const size of ['-1', '1.5', '9007199254740993', '1e400', '"7"', 'null', 'true', '[]']) {
  test(`a layer of size ${size} is refused`, () => {
    const document = text.replace('"size":7', `"size":${size}`);
    assert.throws(() => parseManifest(bytesOf(document)), { code: 'MANIFEST_INVALID' });
  });
}

test('a manifest that is no UTF-8 is refused', () => {
  const bytes = Buffer.concat([bytesOf(text.slice(0, -1)), Buffer.from(',"x":"\xff"}', 'latin1')]);
  assert.throws(() => parseManifest(bytes), { code: 'MANIFEST_INVALID' });
});

test('many objects under one long key are read in no time', () => {
  const many = Array.from({ length: 300_000 }, () => ({ a: 1 }));
  const bytes = bytesOf({ ...image, ['k'.repeat(16_000)]: many });
  const before = performance.now();
  assert.equal(parseManifest(bytes).kind, 'image');
  const seconds = (performance.now() - before) / 1000;
  assert.ok(seconds < 3, `it took ${seconds} s`);
});

test('a document of many megabytes on one line is read without trouble', () => {
  const annotations = Object.fromEntries(
    Array.from({ length: 390 }, (_, at) => [`key${at}`, 'x\\'.repeat(5000)]),
  );
  assert.equal(parseManifest(bytesOf({ ...image, annotations })).kind, 'image');
});
