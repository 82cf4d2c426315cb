import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { child, descriptor, digestOfDocument } from './documents.ts';
import { jsonOf, type RegistryUnderTest } from './registry-under-test.ts';
import type { StorageUnderTest } from './storage-under-test.ts';

const parts = { config: '{"name":"x"}', layer: 'a layer', note: '{"note":1}' };
const image = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: descriptor(mediaTypes.ociConfig, parts.config),
  layers: [descriptor(mediaTypes.ociLayerZstd, parts.layer)],
};
const { mediaType: _, ...untyped } = image;

/** What tools push beside images, in the forms that they push. The last of each is tagged. */
const artifacts: Readonly<Record<string, readonly object[]>> = {
  'an image with layers in zstd:chunked': [
    {
      ...image,
      layers: [
        descriptor(mediaTypes.ociLayerZstd, parts.layer, {
          annotations: { 'io.github.containers.zstd-chunked.manifest-position': '1:2:3:1' },
        }),
      ],
    },
  ],
  'an image with encrypted layers': [
    { ...image, layers: [descriptor(`${mediaTypes.ociLayerGzip}+encrypted`, parts.layer)] },
  ],
  "a foreign layer in Docker's form, which is absent": [
    {
      schemaVersion: 2,
      mediaType: mediaTypes.dockerManifest,
      config: descriptor(mediaTypes.dockerConfig, parts.config),
      layers: [
        descriptor(mediaTypes.dockerForeignLayer, 'absent', { urls: ['https://example/x'] }),
      ],
    },
  ],
  'a chart, as helm pushes it': [
    {
      ...image,
      config: descriptor('application/vnd.cncf.helm.config.v1+json', parts.config),
      layers: [
        descriptor('application/vnd.cncf.helm.chart.content.v1.tar+gzip', parts.layer),
        descriptor('application/vnd.cncf.helm.chart.provenance.v1.prov', parts.note),
      ],
      annotations: { 'org.opencontainers.image.title': 'x' },
    },
  ],
  'a signature, as cosign pushes it': [
    {
      ...image,
      layers: [
        descriptor('application/vnd.dev.cosign.simplesigning.v1+json', parts.note, {
          annotations: { 'dev.cosignproject.cosign/signature': 'MEUCIQ==' },
        }),
      ],
    },
  ],
  'a bundle of sigstore': [
    {
      ...image,
      artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      config: descriptor(mediaTypes.ociEmpty, parts.config),
      layers: [descriptor('application/vnd.dev.sigstore.bundle.v0.3+json', parts.note)],
      subject: child(image),
    },
  ],
  'files, as oras pushes them': [
    {
      ...image,
      artifactType: 'application/vnd.unknown.artifact.v1',
      config: descriptor(mediaTypes.ociEmpty, parts.config, { data: 'e30=' }),
      layers: [
        descriptor('text/plain', parts.note, {
          annotations: { 'org.opencontainers.image.title': 'note.txt' },
        }),
      ],
    },
  ],
  'an attestation of BuildKit beside its image': [
    image,
    {
      ...image,
      layers: [
        descriptor('application/vnd.in-toto+json', parts.note, {
          annotations: { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v0.2' },
        }),
      ],
    },
    {
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [child(image, { platform: { architecture: 'amd64', os: 'linux' } })],
    },
  ],
  'a cache of BuildKit, whose index lists layers and a config': [
    {
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [
        descriptor(mediaTypes.ociLayerZstd, parts.layer, {
          annotations: { 'buildkit/createdat': '2026-01-01T00:00:00Z' },
        }),
        descriptor('application/vnd.buildkit.cacheconfig.v0', parts.config),
      ],
    },
  ],
  "a cache of BuildKit in Docker's form": [
    {
      schemaVersion: 2,
      mediaType: mediaTypes.dockerManifestList,
      manifests: [
        descriptor(mediaTypes.dockerLayerGzip, parts.layer),
        descriptor('application/vnd.buildkit.cacheconfig.v0', parts.config),
      ],
    },
  ],
  'a module of WebAssembly': [
    {
      ...image,
      config: descriptor('application/vnd.wasm.config.v0+json', parts.config),
      layers: [descriptor('application/wasm', parts.layer)],
    },
  ],
};

/** All media types are kept as they came. */
export function mediaTypesSuite(storage: StorageUnderTest): void {
  suite(`media types, over ${storage.name}`, () => {
    let it: RegistryUnderTest;
    before(async () => {
      it = await storage.start();
    });
    after(() => it[Symbol.asyncDispose]());

    for (const [at, [what, documents]] of Object.entries(artifacts).entries()) {
      test(`${what} is kept byte for byte, under its type`, async () => {
        const name = `types/${at}`;
        for (const bytes of Object.values(parts)) await it.pushBlob(name, Buffer.from(bytes));
        for (const document of documents) {
          await it.pushManifest(name, digestOfDocument(document), document);
        }
        const last = documents.at(-1) ?? {};
        await it.pushManifest(name, 'tagged', last);
        const { mediaType } = last as { readonly mediaType: string };
        for (const reference of ['tagged', digestOfDocument(last)]) {
          const got = await it.expect(200, 'GET', `/v2/${name}/manifests/${reference}`);
          assert.equal(got.body.toString(), JSON.stringify(last));
          assert.equal(got.headers['content-type'], mediaType);
        }
      });
    }

    test('a manifest without mediaType has the type it came with', async () => {
      const name = 'types/untyped';
      for (const bytes of Object.values(parts)) await it.pushBlob(name, Buffer.from(bytes));
      for (const type of [mediaTypes.ociManifest, mediaTypes.dockerManifest]) {
        const body = JSON.stringify({ ...untyped, annotations: { type } });
        const headers = { 'Content-Type': type };
        await it.expect(201, 'PUT', `/v2/${name}/manifests/untyped`, { body, headers });
        const got = await it.expect(200, 'HEAD', `/v2/${name}/manifests/untyped`);
        assert.equal(got.headers['content-type'], type);
      }
    });

    test('an index whose layer is missing is refused, as that of a cache', async () => {
      const missing = descriptor(mediaTypes.ociLayerZstd, 'missing');
      const document = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [missing] };
      const answer = await it.refuses(
        400,
        'MANIFEST_BLOB_UNKNOWN',
        'PUT',
        '/v2/types/0/manifests/x',
        {
          body: JSON.stringify(document),
          headers: { 'Content-Type': mediaTypes.ociIndex },
        },
      );
      assert.deepEqual(jsonOf(answer).errors[0].detail.digests, [missing.digest]);
    });
  });
}
