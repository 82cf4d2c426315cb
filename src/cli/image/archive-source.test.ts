import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { TarEntry } from 'modern-tar';
import { sha256Of, type Digest } from '../../oci/digest.ts';
import { parseManifest, type ImageManifest } from '../../oci/manifest.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import type { BlobReceiver, ImageSource, SourceManifest } from './image-source.ts';
import {
  fileEntry,
  fixtureImage,
  hardLinkEntry,
  LayoutFixture,
  manifestEntry,
  newDockerEntries,
  oldDockerEntries,
  podmanEntries,
  symlinkEntry,
  tarOf,
  testFolder,
} from './image-fixtures.ts';
import { openFile } from './open-source.ts';

/** What a registry would have got. */
interface Delivered {
  readonly manifests: readonly SourceManifest[];
  readonly blobs: ReadonlyMap<Digest, Buffer>;
  readonly skipped: readonly Digest[];
}

const wanted = { name: 'team/app:1', tag: '1' };
const neverAborted = new AbortController().signal;

async function deliver(
  source: ImageSource,
  held: ReadonlySet<Digest> = new Set(),
): Promise<Delivered> {
  const blobs = new Map<Digest, Buffer>();
  const skipped: Digest[] = [];
  const receiver: BlobReceiver = {
    has: async (digest) => held.has(digest),
    prepare: () => ({ update() {}, end() {} }),
    skip: ({ digest }) => void skipped.push(digest),
    async receive(blob) {
      const chunks: Buffer[] = [];
      for await (const chunk of blob.open()) chunks.push(chunk as Buffer);
      const bytes = Buffer.concat(chunks);
      assert.equal(bytes.length, blob.size);
      assert.equal(sha256Of(bytes), blob.digest);
      blobs.set(blob.digest, bytes);
    },
  };
  try {
    return { manifests: await source.deliver(receiver, neverAborted), blobs, skipped };
  } finally {
    await source.close();
  }
}

interface Place {
  readonly file: string;
  readonly location: string;
}

async function place(t: TestContext, bytes: Uint8Array): Promise<Place> {
  const folder = await testFolder(t);
  const file = path.join(folder, 'image.tar');
  await writeFile(file, bytes);
  return { file, location: folder };
}

async function push(
  t: TestContext,
  entries: readonly TarEntry[],
  name = wanted,
): Promise<Delivered> {
  const { file, location } = await place(t, await tarOf(entries));
  return await deliver(await openFile(file, name, { location, signal: neverAborted }));
}

function onlyImage({ manifests }: Delivered): ImageManifest {
  assert.equal(manifests.length, 1);
  const [root] = manifests;
  assert.ok(root);
  assert.equal(sha256Of(root.bytes), root.digest);
  const manifest = parseManifest(root.bytes, root.mediaType);
  assert.equal(manifest.kind, 'image');
  return manifest;
}

/** The uncompressed digests of the layers that were delivered, in the manifest's order. */
function deliveredDiffIds(delivered: Delivered): Digest[] {
  return onlyImage(delivered).layers.map(({ digest }) =>
    sha256Of(gunzipSync(delivered.blobs.get(digest) ?? Buffer.alloc(0))),
  );
}

suite('archives of docker and podman', () => {
  const layouts = {
    'docker until 24': oldDockerEntries,
    'docker since 25': newDockerEntries,
    podman: podmanEntries,
  };
  for (const [name, entriesOf] of Object.entries(layouts)) {
    test(`an archive of ${name} gives the image with its own ID and gzipped layers`, async (t) => {
      const image = await fixtureImage(['one', 'two', 'one']);
      const delivered = await push(t, entriesOf(image, ['team/app:1']));
      const manifest = onlyImage(delivered);
      assert.equal(manifest.config.digest, image.id);
      assert.deepEqual(delivered.blobs.get(image.id), Buffer.from(image.config));
      assert.deepEqual(deliveredDiffIds(delivered), image.diffIds);
      assert.equal(delivered.blobs.size, 3);
    });
  }

  test('all layouts and a compressed archive give the same manifest digest', async (t) => {
    const image = await fixtureImage(['one', 'two']);
    const tags = ['team/app:1'];
    const digests = new Set<string>();
    for (const entriesOf of Object.values(layouts)) {
      digests.add((await push(t, entriesOf(image, tags))).manifests[0]?.digest ?? '');
    }
    const tar = await tarOf(oldDockerEntries(image, tags));
    for (const packed of [gzipSync(tar), zstdCompressSync(tar)]) {
      const { file, location } = await place(t, packed);
      const source = await openFile(file, wanted, { location, signal: neverAborted });
      digests.add((await deliver(source)).manifests[0]?.digest ?? '');
    }
    assert.equal(digests.size, 1);
  });

  test('a layer that is a hard link to another is found', async (t) => {
    const image = await fixtureImage(['one', 'one']);
    const [layer] = image.layers;
    assert.ok(layer);
    const delivered = await push(t, [
      fileEntry('a/layer.tar', layer),
      hardLinkEntry('b/layer.tar', 'a/layer.tar'),
      fileEntry('config.json', image.config),
      manifestEntry('config.json', null, ['a/layer.tar', 'b/layer.tar']),
    ]);
    assert.deepEqual(deliveredDiffIds(delivered), image.diffIds);
  });

  test('a layer that is compressed already is sent as it is', async (t) => {
    const image = await fixtureImage(['one', 'two']);
    const [first, second] = image.layers;
    assert.ok(first && second);
    const packed = gzipSync(first, { level: 1 });
    const zstd = zstdCompressSync(second);
    const delivered = await push(t, [
      fileEntry('0', packed),
      fileEntry('1', zstd),
      fileEntry('config.json', image.config),
      manifestEntry('config.json', null, ['0', '1']),
    ]);
    const { layers, mediaType } = onlyImage(delivered);
    assert.deepEqual(
      layers.map(({ digest }) => digest),
      [sha256Of(packed), sha256Of(zstd)],
    );
    assert.deepEqual(
      [mediaType, ...layers.map((layer) => layer.mediaType)],
      [mediaTypes.ociManifest, mediaTypes.ociLayerGzip, mediaTypes.ociLayerZstd],
    );
  });

  test('an image with a health check keeps the types that do not lose it', async (t) => {
    const plain = await fixtureImage(['one'], { config: { Cmd: ['x'], OnBuild: null } });
    const checked = await fixtureImage(['one'], {
      config: { Healthcheck: { Test: ['CMD', 'x'] } },
    });
    const types = [];
    for (const image of [plain, checked]) {
      types.push(onlyImage(await push(t, oldDockerEntries(image, ['team/app:1']))).mediaType);
    }
    assert.deepEqual(types, [mediaTypes.ociManifest, mediaTypes.dockerManifest]);
  });

  test('of several images the named one is taken, whatever way its name is written', async (t) => {
    const one = await fixtureImage(['one']);
    const two = await fixtureImage(['two']);
    const list = [one, two].map((image, index) => ({
      Config: `${image.id.slice(7)}.json`,
      RepoTags: [`team/app:${index}`],
      Layers: [`${index}`],
    }));
    const entries = [one, two].flatMap((image, index) => [
      fileEntry(`${index}`, image.layers[0] ?? ''),
      fileEntry(`${image.id.slice(7)}.json`, image.config),
    ]);
    entries.push(fileEntry('manifest.json', JSON.stringify(list)));
    const name = { name: 'docker.io/team/app:1', tag: '1' };
    assert.equal(onlyImage(await push(t, entries, name)).config.digest, two.id);
    await assert.rejects(push(t, entries, { name: 'team/app:9', tag: '9' }), {
      code: 'ARCHIVE_IMAGE_UNKNOWN',
      message: /team\/app:0, team\/app:1/,
    });
  });

  test('a layer that the registry holds is neither compressed nor sent again', async (t) => {
    const image = await fixtureImage(['one']);
    const { file, location } = await place(t, await tarOf(oldDockerEntries(image, ['x:1'])));
    const options = { location, signal: neverAborted };
    const first = await deliver(await openFile(file, wanted, options));
    const held = new Set(first.blobs.keys());
    const second = await deliver(await openFile(file, wanted, options), held);
    assert.equal(second.blobs.size, 0);
    assert.deepEqual(new Set(second.skipped), held);
    assert.deepEqual(second.manifests, first.manifests);
    // The registry lost it: it must be made again, with the same digest.
    const third = await deliver(await openFile(file, wanted, options));
    assert.deepEqual(third.blobs, first.blobs);
  });

  test('nothing is left in the folder but what is remembered of layers', async (t) => {
    const image = await fixtureImage(['one']);
    const { file, location } = await place(t, await tarOf(oldDockerEntries(image, ['x:1'])));
    await deliver(await openFile(file, wanted, { location, signal: neverAborted }));
    assert.deepEqual((await readdir(location)).sort(), ['image.tar', 'layers.json']);
  });
});

suite('archives with a manifest of their own', () => {
  test('an image with compressed layers is pushed exactly as it is', async (t) => {
    const layout = new LayoutFixture();
    const root = layout.image(['layer one', 'layer two']);
    const delivered = await push(t, layout.roots([root]).entries());
    assert.deepEqual(
      delivered.manifests.map(({ digest }) => digest),
      [root.digest],
    );
    assert.equal(delivered.blobs.size, 3);
  });

  test("docker's archive with containerd's store keeps the manifest that it carries", async (t) => {
    const image = await fixtureImage(['one']);
    const layer = gzipSync(image.layers[0] ?? '');
    const layout = new LayoutFixture();
    const config = layout.add(mediaTypes.ociConfig, image.config);
    const packed = layout.add(mediaTypes.ociLayerGzip, layer);
    const manifest = { schemaVersion: 2, config, layers: [packed] };
    const root = layout.add(mediaTypes.ociManifest, JSON.stringify(manifest));
    const names = [config, packed].map(({ digest }) => `blobs/sha256/${digest.slice(7)}`);
    const entries = layout.roots([root]).entries();
    entries.push(manifestEntry(names[0] ?? '', ['team/app:1'], names.slice(1)));
    assert.equal((await push(t, entries)).manifests[0]?.digest, root.digest);

    // Of an index that also lists an image that is not there, the one that is there is made a manifest for.
    const absent = { ...root, digest: sha256Of(Buffer.from('absent')) };
    const index = layout.index([root, absent]);
    const partial = layout.roots([index]).entries();
    partial.push(manifestEntry(names[0] ?? '', ['team/app:1'], names.slice(1)));
    const composed = onlyImage(await push(t, partial));
    assert.equal(composed.config.digest, image.id);
    assert.equal(composed.layers[0]?.digest, sha256Of(layer));
  });

  test('an index is pushed with all its images, itself last', async (t) => {
    const layout = new LayoutFixture();
    const children = ['amd64', 'arm64'].map((architecture) =>
      layout.image(
        [`layer for ${architecture}`],
        { platform: { os: 'linux', architecture } },
        architecture,
      ),
    );
    const root = layout.index(children);
    const delivered = await push(t, layout.roots([root]).entries());
    assert.deepEqual(
      delivered.manifests.map(({ digest }) => digest),
      [...children, root].map(({ digest }) => digest),
    );
    assert.equal(delivered.blobs.size, 4);
  });

  test('of several images in a folder the tag tells which one', async (t) => {
    const layout = new LayoutFixture();
    const [one, two] = ['1', '2'].map((tag) =>
      layout.image([tag], { annotations: { 'org.opencontainers.image.ref.name': tag } }),
    );
    assert.ok(one && two);
    const folder = await testFolder(t);
    await layout.roots([one, two]).writeTo(folder);
    const options = { location: folder, signal: neverAborted };
    const source = await openFile(folder, { name: 'x:2', tag: '2' }, options);
    assert.equal((await deliver(source)).manifests[0]?.digest, two.digest);
    await assert.rejects(openFile(folder, { name: 'x:3', tag: '3' }, options), {
      code: 'ARCHIVE_IMAGE_UNKNOWN',
    });
  });

  test('a blob or manifest that is absent is told, and nothing is sent', async (t) => {
    const whole = (): { layout: LayoutFixture; root: { digest: Digest } } => {
      const layout = new LayoutFixture();
      const child = layout.image(['layer']);
      const root = layout.index([child]);
      return { layout: layout.roots([root]), root };
    };
    for (const lost of [sha256Of(Buffer.from('layer')), whole().root.digest]) {
      const { layout } = whole();
      await assert.rejects(push(t, layout.replace(lost, undefined).entries()), {
        code: 'ARCHIVE_BLOB_ABSENT',
        message: new RegExp(lost),
      });
    }
  });

  test('a blob whose content is not what its digest says is refused', async (t) => {
    const layout = new LayoutFixture();
    const layer = sha256Of(Buffer.from('layer'));
    layout.roots([layout.image(['layer'])]).replace(layer, Buffer.from('LAYER'));
    await assert.rejects(push(t, layout.entries()), { code: 'ARCHIVE_DIGEST_MISMATCH' });
  });

  test('layers that may not be distributed may be absent', async (t) => {
    const layout = new LayoutFixture();
    const config = layout.add(mediaTypes.ociConfig, '{}');
    const foreign = layout.add(mediaTypes.dockerForeignLayer, 'foreign', { urls: ['http://x/'] });
    const manifest = { schemaVersion: 2, config, layers: [foreign] };
    const root = layout.add(mediaTypes.ociManifest, JSON.stringify(manifest));
    layout.roots([root]).replace(foreign.digest, undefined);
    assert.deepEqual([...(await push(t, layout.entries())).blobs.keys()], [config.digest]);
  });
});

suite('archives that mean harm or are damaged', () => {
  const broken: Readonly<
    Record<string, { code: string; entries: () => Promise<readonly TarEntry[]> }>
  > = {
    'an entry that leads out of the archive': {
      code: 'ARCHIVE_INVALID',
      entries: async () => [fileEntry('../escaped', 'x')],
    },
    'an entry with an absolute name': {
      code: 'ARCHIVE_INVALID',
      entries: async () => [fileEntry('/etc/escaped', 'x')],
    },
    'a layer that is named outside of the archive': {
      code: 'ARCHIVE_INVALID',
      entries: async () => {
        const image = await fixtureImage(['one']);
        return [
          fileEntry('config.json', image.config),
          manifestEntry('config.json', null, ['../../etc/passwd']),
        ];
      },
    },
    'a config that is named absolutely': {
      code: 'ARCHIVE_INVALID',
      entries: async () => [manifestEntry('/etc/passwd', null, [])],
    },
    'a symbolic link out of the archive': {
      code: 'ARCHIVE_INVALID',
      entries: async () => [symlinkEntry('a/layer.tar', '../../etc/passwd')],
    },
    'an absolute symbolic link': {
      code: 'ARCHIVE_INVALID',
      entries: async () => [symlinkEntry('layer.tar', '/etc/passwd')],
    },
    'a hard link out of the archive': {
      code: 'ARCHIVE_INVALID',
      entries: async () => [hardLinkEntry('layer.tar', '../etc/passwd')],
    },
    'links in a circle': {
      code: 'ARCHIVE_INVALID',
      entries: async () => {
        const image = await fixtureImage(['one']);
        return [
          symlinkEntry('a', 'b'),
          symlinkEntry('b', 'a'),
          fileEntry('config.json', image.config),
          manifestEntry('config.json', null, ['a']),
        ];
      },
    },
    'a layer that is not there': {
      code: 'ARCHIVE_BLOB_ABSENT',
      entries: async () => {
        const image = await fixtureImage(['one']);
        return oldDockerEntries(image, ['x:1']).filter(
          ({ header }) => !header.name.endsWith('layer.tar'),
        );
      },
    },
    'a config that is not there': {
      code: 'ARCHIVE_BLOB_ABSENT',
      entries: async () => {
        const image = await fixtureImage(['one']);
        return oldDockerEntries(image, ['x:1']).filter(
          ({ header }) => !header.name.startsWith(image.id.slice(7)),
        );
      },
    },
    'a config with another digest than its name': {
      code: 'ARCHIVE_DIGEST_MISMATCH',
      entries: async () => {
        const image = await fixtureImage(['one']);
        return oldDockerEntries({ ...image, config: Buffer.from('{"rootfs":{}}') }, ['x:1']);
      },
    },
    'a layer with another digest than the config says': {
      code: 'ARCHIVE_DIGEST_MISMATCH',
      entries: async () => {
        const image = await fixtureImage(['one']);
        const other = await fixtureImage(['other']);
        return oldDockerEntries({ ...image, layers: other.layers }, ['x:1']);
      },
    },
    'a compressed layer with another content than the config says': {
      code: 'ARCHIVE_DIGEST_MISMATCH',
      entries: async () => {
        const image = await fixtureImage(['one']);
        const other = await fixtureImage(['other']);
        const layers = other.layers.map((layer) => gzipSync(layer));
        return oldDockerEntries({ ...image, layers }, ['x:1']);
      },
    },
    'one layer twice where the config has two': {
      code: 'ARCHIVE_DIGEST_MISMATCH',
      entries: async () => {
        const image = await fixtureImage(['one', 'two']);
        const [first = ''] = image.layers;
        return [
          fileEntry('0', first),
          fileEntry('1', first),
          fileEntry('config.json', image.config),
          manifestEntry('config.json', null, ['0', '1']),
        ];
      },
    },
    'fewer layers than the config says': {
      code: 'ARCHIVE_INVALID',
      entries: async () => {
        const image = await fixtureImage(['one', 'two']);
        return oldDockerEntries({ ...image, layers: image.layers.slice(1) }, ['x:1']);
      },
    },
    'a manifest.json that is no JSON': {
      code: 'ARCHIVE_INVALID',
      entries: async () => [fileEntry('manifest.json', '[{')],
    },
    'a manifest.json larger than any real one': {
      code: 'ARCHIVE_INVALID',
      entries: async () => [fileEntry('manifest.json', Buffer.alloc(5 << 20, 32))],
    },
    'neither manifest.json nor index.json': {
      code: 'ARCHIVE_INVALID',
      entries: async () => [fileEntry('hello', 'world')],
    },
  };
  for (const [name, { code, entries }] of Object.entries(broken)) {
    test(`${name}: refused`, async (t) => {
      const { file, location } = await place(t, await tarOf(await entries()));
      const options = { location, signal: neverAborted };
      await assert.rejects(async () => deliver(await openFile(file, wanted, options)), { code });
      const left = (await readdir(location)).filter((entry) => entry.startsWith('spool'));
      assert.deepEqual(left, []);
    });
  }

  test('an archive that is cut off anywhere is refused', async (t) => {
    const image = await fixtureImage(['one']);
    const tar = await tarOf(oldDockerEntries(image, ['x:1']));
    const packed = gzipSync(tar);
    const cuts = [10, 700, tar.length - 2000, tar.length - 1024].map((end) => tar.subarray(0, end));
    for (const cut of [...cuts, packed.subarray(0, packed.length - 10), Buffer.alloc(0)]) {
      const { file, location } = await place(t, cut);
      await assert.rejects(openFile(file, wanted, { location, signal: neverAborted }), {
        code: 'ARCHIVE_INVALID',
      });
    }
  });

  test('a file that is none at all is refused', async (t) => {
    const { file, location } = await place(t, Buffer.alloc(5000, 'not a tar '));
    await assert.rejects(openFile(file, wanted, { location, signal: neverAborted }), {
      code: 'ARCHIVE_INVALID',
    });
  });

  test('an interruption ends the reading with its reason', async (t) => {
    const image = await fixtureImage(['one']);
    const { file, location } = await place(t, await tarOf(oldDockerEntries(image, ['x:1'])));
    const reason = new Error('enough');
    await assert.rejects(
      openFile(file, wanted, { location, signal: AbortSignal.abort(reason) }),
      reason,
    );
    assert.deepEqual(await readdir(location), ['image.tar']);
  });
});

test('a file or folder that is no image is named', async (t) => {
  const folder = await testFolder(t);
  const file = path.join(folder, 'file');
  await writeFile(file, 'root:x:0:0:root:/root:/bin/bash\n'.repeat(100));
  const options = { location: folder, signal: neverAborted };
  await assert.rejects(openFile(file, wanted, options), {
    code: 'ARCHIVE_INVALID',
    message: new RegExp(`^${file}: this is not a whole tar archive: `),
  });
  await assert.rejects(openFile(folder, wanted, options), {
    code: 'ARCHIVE_INVALID',
    message: new RegExp(`^${folder}: this is no image: `),
  });
});
