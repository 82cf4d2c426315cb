import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { digestAlgorithm, digestAlgorithms, digestHex, digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { child, descriptor, digestOfDocument } from './documents.ts';
import { jsonOf, type RegistryUnderTest } from './registry-under-test.ts';
import type { StorageUnderTest } from './storage-under-test.ts';

const content = '{}';
const empty = descriptor(mediaTypes.ociEmpty, content);
const sbom = 'application/vnd.example.sbom.v1+json';
const signature = 'application/vnd.example.signature.v1';
const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: empty, layers: [] };
const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] };

/** Who refers to what (distribution-spec end-12, and the referrers tag of older clients). */
export function referrersSuite(storage: StorageUnderTest): void {
  suite(`referrers, over ${storage.name}`, () => {
    let it: RegistryUnderTest;
    before(async () => {
      it = await storage.start();
    });
    after(() => it[Symbol.asyncDispose]());

    const list = async (name: string, subject: string, query = '') => {
      const answer = await it.expect(200, 'GET', `/v2/${name}/referrers/${subject}${query}`);
      assert.equal(answer.headers['content-type'], mediaTypes.ociIndex);
      const { schemaVersion, mediaType, manifests } = jsonOf(answer);
      assert.deepEqual([schemaVersion, mediaType], [2, mediaTypes.ociIndex]);
      return { manifests, filters: answer.headers['oci-filters-applied'] };
    };

    for (const algorithm of digestAlgorithms) {
      test(`images, artifacts and indexes refer to one subject, by ${algorithm}`, async () => {
        const name = `referrers/kinds-${algorithm}`;
        await it.pushBlob(name, Buffer.from(content));
        const subject = child({ ...manifest, annotations: { the: 'subject' } }, {}, algorithm);
        const annotations = { created: '2026-01-01', 'org.example.é': '"' };
        const configured = { ...empty, mediaType: 'application/vnd.example.config' };
        const pushed = [
          { ...manifest, config: configured, subject },
          { ...manifest, artifactType: sbom, annotations, subject },
          { ...manifest, artifactType: signature, subject },
          { ...index, artifactType: sbom, subject },
          { ...index, annotations, subject },
        ];
        for (const document of pushed) {
          const answer = await it.pushManifest(name, digestOfDocument(document), document);
          assert.equal(answer.headers['oci-subject'], subject.digest);
        }
        const expected = [
          child(pushed[0] ?? {}, { artifactType: 'application/vnd.example.config' }),
          child(pushed[1] ?? {}, { artifactType: sbom, annotations }),
          child(pushed[2] ?? {}, { artifactType: signature }),
          child(pushed[3] ?? {}, { artifactType: sbom }),
          child(pushed[4] ?? {}, { annotations }),
        ];
        const sorted = (...at: readonly number[]) =>
          expected
            .filter((_, position) => at.includes(position))
            .toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
        const all = sorted(0, 1, 2, 3, 4);
        assert.deepEqual(await list(name, subject.digest), { manifests: all, filters: undefined });
        for (const [type, ...at] of [
          [sbom, 1, 3],
          [signature, 2],
          ['application/vnd.example.config', 0],
          ['application/vnd.other'],
        ] as const) {
          const query = `?artifactType=${encodeURIComponent(type)}`;
          assert.deepEqual(await list(name, subject.digest, query), {
            manifests: sorted(...at),
            filters: 'artifactType',
          });
        }
        const unfiltered = await list(name, subject.digest, '?artifactType=');
        assert.deepEqual(unfiltered, { manifests: all, filters: undefined });

        const [first] = pushed;
        await it.expect(202, 'DELETE', `/v2/${name}/manifests/${digestOfDocument(first ?? {})}`);
        assert.deepEqual((await list(name, subject.digest)).manifests, sorted(1, 2, 3, 4));
        assert.deepEqual((await list('referrers/elsewhere', subject.digest)).manifests, []);
      });

      test(`what older clients listed under the referrers tag is there too, by ${algorithm}`, async () => {
        const name = `referrers/tag-${algorithm}`;
        await it.pushBlob(name, Buffer.from(content));
        const subject = digestOf(algorithm, Buffer.from('an image of long ago'));
        const old = { ...manifest, artifactType: sbom, annotations: { old: 'yes' } };
        const entry = child(old, { artifactType: sbom, annotations: { old: 'yes' } });
        const both = {
          ...manifest,
          artifactType: signature,
          subject: { mediaType: mediaTypes.ociManifest, digest: subject, size: 20 },
        };
        for (const document of [old, both])
          await it.pushManifest(name, digestOfDocument(document), document);
        const tag = `${digestAlgorithm(subject)}-${digestHex(subject).slice(0, 64)}`;
        await it.pushManifest(name, tag, { ...index, manifests: [entry, child(both)] });

        const { manifests } = await list(name, subject);
        const natively = child(both, { artifactType: signature });
        assert.deepEqual(
          new Set(manifests.map((one: object) => JSON.stringify(one))),
          new Set([entry, natively].map((one) => JSON.stringify(sortedAs(manifests, one)))),
        );
        assert.equal(manifests.length, 2);
        const filtered = await list(name, subject, `?artifactType=${encodeURIComponent(sbom)}`);
        assert.equal(filtered.manifests.length, 1);
      });
    }

    test('a subject may come later, and its referrers stay when it goes', async () => {
      const name = 'referrers/order';
      await it.pushBlob(name, Buffer.from(content));
      const subject = { ...manifest, annotations: { comes: 'later' } };
      const digest = digestOfDocument(subject);
      await it.pushManifest(name, 'note', { ...manifest, subject: child(subject) });
      assert.equal((await list(name, digest)).manifests.length, 1);
      await it.pushManifest(name, digest, subject);
      await it.expect(202, 'DELETE', `/v2/${name}/manifests/${digest}`);
      assert.equal((await list(name, digest)).manifests.length, 1);
      await it.expect(200, 'HEAD', `/v2/${name}/manifests/note`);
    });

    test('a HEAD tells the length without the list', async () => {
      const path = `/v2/referrers/order/referrers/${digestOfDocument(manifest)}`;
      const head = await it.expect(200, 'HEAD', path);
      const got = await it.expect(200, 'GET', path);
      assert.equal(head.headers['content-length'], String(got.body.length));
      assert.equal(head.body.length, 0);
    });
  });
}

/** `descriptor` with its members in the order in which the answer has them. */
function sortedAs(
  answered: readonly { readonly digest: string }[],
  wanted: { readonly digest: string },
) {
  const same = answered.find(({ digest }) => digest === wanted.digest);
  assert.deepEqual(same, wanted);
  return same;
}
