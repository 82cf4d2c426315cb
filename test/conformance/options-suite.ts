import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { digestAlgorithms, digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { basic, userLine } from '../../src/server/access/access-fixture.ts';
import { child, descriptor, digestOfDocument } from './documents.ts';
import { locationOf, withQuery, type RegistryUnderTest } from './registry-under-test.ts';
import type { StorageUnderTest } from './storage-under-test.ts';

const name = 'options/app';
const config = '{}';
const image = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: descriptor(mediaTypes.ociConfig, config),
  layers: [],
};
const absent = descriptor(mediaTypes.ociLayerGzip, 'absent');

/** Everybody may push everywhere, but pull from the secret repository only its owner. */
const rules = `
htpasswd: users
policy:
  - { who: anyone, may: [push], repositories: 'options/**' }
  - { who: anyone, may: [pull, delete], repositories: [options/app, options/zoo] }
  - { who: user:owner, may: [pull], repositories: 'options/**' }
`;

/** What a registry does that was started otherwise than by default. */
export function optionsSuite(storage: StorageUnderTest): void {
  suite(`options, over ${storage.name}`, () => {
    test('where deletes are off, neither tag nor manifest nor blob can be deleted', async () => {
      await using it = await storage.start({ deletes: false });
      const blob = await it.pushBlob(name, Buffer.from(config));
      await it.pushManifest(name, 'kept', image);
      const paths = [
        `/v2/${name}/manifests/kept`,
        `/v2/${name}/manifests/${digestOfDocument(image)}`,
        `/v2/${name}/blobs/${blob}`,
      ];
      for (const path of paths) {
        const answer = await it.refuses(405, 'UNSUPPORTED', 'DELETE', path);
        assert.ok(!String(answer.headers['allow']).includes('DELETE'));
        await it.expect(200, 'GET', path);
      }
      const missing = `/v2/${name}/manifests/missing`;
      await it.refuses(405, 'UNSUPPORTED', 'DELETE', missing);
      // An upload is no content yet: giving it up is no deletion.
      await it.expect(204, 'DELETE', await it.begin(name));
    });

    test('where sparse manifests are taken, what they name may be lacking', async () => {
      await using it = await storage.start({ sparse: true });
      await it.pushBlob(name, Buffer.from(config));
      const other = { ...image, annotations: { for: 'another platform' } };
      const index = {
        schemaVersion: 2,
        mediaType: mediaTypes.ociIndex,
        manifests: [child(image), child(other)],
      };
      await it.pushManifest(name, digestOfDocument(image), image);
      await it.pushManifest(name, 'some-platforms', index);
      await it.pushManifest(name, 'some-layers', { ...image, layers: [absent] });
      const got = await it.expect(200, 'GET', `/v2/${name}/manifests/some-platforms`);
      assert.equal(got.body.toString(), JSON.stringify(index));
      await it.refuses(
        404,
        'MANIFEST_UNKNOWN',
        'GET',
        `/v2/${name}/manifests/${digestOfDocument(other)}`,
      );
      await it.refuses(404, 'BLOB_UNKNOWN', 'GET', `/v2/${name}/blobs/${absent.digest}`);
      // What is there must be as the manifest says, even so.
      const wrong = { ...image, config: { ...image.config, size: 3 } };
      await it.refuses(400, 'MANIFEST_INVALID', 'PUT', `/v2/${name}/manifests/wrong`, {
        body: JSON.stringify(wrong),
        headers: { 'Content-Type': image.mediaType },
      });
    });

    suite('where a client may not pull from a repository', () => {
      const secret = 'options/secret';
      let folder = '';
      before(async () => {
        folder = await mkdtemp(join(tmpdir(), 'docket-options-'));
        await writeFile(join(folder, 'users'), userLine('owner'));
        await writeFile(join(folder, 'access.yaml'), rules);
      });
      after(() => rm(folder, { recursive: true, force: true }));
      const start = (): Promise<RegistryUnderTest> =>
        storage.start({ access: { file: join(folder, 'access.yaml') } });
      const owner = { headers: { Authorization: basic('owner') } };

      for (const algorithm of digestAlgorithms) {
        test(`its blobs are not mounted from there, named or not, by ${algorithm}`, async () => {
          await using it = await start();
          const body = randomBytes(100);
          const digest = digestOf(algorithm, body);
          const uploads = `/v2/${name}/blobs/uploads/`;
          await it.expect(201, 'POST', `/v2/${secret}/blobs/uploads/?digest=${digest}`, { body });
          for (const from of ['', `&from=${encodeURIComponent(secret)}`, '&from=']) {
            const mount = `${uploads}?mount=${digest}${from}`;
            const started = await it.expect(202, 'POST', mount);
            await it.refuses(404, 'BLOB_UNKNOWN', 'HEAD', `/v2/${name}/blobs/${digest}`);
            await it.expect(204, 'DELETE', locationOf(started));
            await it.expect(201, 'POST', mount, owner);
            await it.expect(200, 'HEAD', `/v2/${name}/blobs/${digest}`);
            await it.expect(202, 'DELETE', `/v2/${name}/blobs/${digest}`);
          }
          // What it may not mount it can still push, knowing the bytes.
          const location = locationOf(await it.expect(202, 'POST', `${uploads}?mount=${digest}`));
          await it.expect(201, 'PUT', withQuery(location, `digest=${digest}`), { body });
        });
      }

      test('a blob that another repository holds too is mounted from there', async () => {
        await using it = await start();
        const body = randomBytes(100);
        const digest = await it.pushBlob(secret, body);
        await it.pushBlob('options/zoo', body);
        await it.expect(201, 'POST', `/v2/${name}/blobs/uploads/?mount=${digest}`);
      });
    });
  });
}
