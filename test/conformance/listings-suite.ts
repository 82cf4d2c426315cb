import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { sha256Of } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { type RegistryUnderTest, jsonOf } from './registry-under-test.ts';
import type { StorageUnderTest } from './storage-under-test.ts';

export function listingsSuite(storage: StorageUnderTest): void {
  suite(`lists, over ${storage.name}`, () => {
    let it: RegistryUnderTest;
    const name = 'listed/tags';
    const tags = ['0.1.2', '0.1.20', '0.1.3', 'B', 'a'];
    const repositories = ['a-b', 'a/b', name, 'math', 'math-voila', 'math/x'];

    before(async () => {
      it = await storage.start();
      const content = Buffer.from('{}');
      const document = {
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config: { mediaType: 'application/x', digest: sha256Of(content), size: 2 },
        layers: [],
      };
      for (const repository of repositories) {
        await it.pushBlob(repository, content);
        const wanted = repository === name ? tags.toReversed() : ['1'];
        for (const tag of wanted) await it.pushManifest(repository, tag, document);
      }
    });
    after(() => it[Symbol.asyncDispose]());

    for (const [what, path, member, all] of [
      ['tags', `/v2/${name}/tags/list`, 'tags', tags],
      ['repositories', '/v2/_catalog', 'repositories', repositories],
    ] as const) {
      suite(`lists of ${what}`, () => {
        const list = async (query: string) => {
          const answer = await it.expect(200, 'GET', path + query);
          const names: readonly string[] = jsonOf(answer)[member];
          return { names, link: answer.headers['link'] };
        };

        test('all come in byte-wise order, without a link', async () => {
          assert.deepEqual(await list(''), { names: all, link: undefined });
        });

        test('walking the links one by one gives each exactly once', async () => {
          const walked: string[] = [];
          let query = '?n=1';
          for (;;) {
            const { names, link } = await list(query);
            walked.push(...names);
            if (link === undefined) break;
            const match = /^<(.*)\?(.*)>; rel="next"$/.exec(String(link));
            assert.equal(match?.[1], path);
            query = `?${match?.[2]}`;
          }
          assert.deepEqual(walked, all);
        });

        test('last is exclusive, need not exist, and works without n', async () => {
          assert.deepEqual((await list(`?last=${all[1]}`)).names, all.slice(2));
          assert.deepEqual((await list(`?last=${all[1]}!`)).names, all.slice(2));
          assert.deepEqual((await list('?last=zzz')).names, []);
        });

        test('n of 0 gives nothing and no link', async () => {
          assert.deepEqual(await list('?n=0'), { names: [], link: undefined });
        });

        for (const n of ['2147483647', '99999999999999999999']) {
          test(`n of ${n} gives all there are`, async () => {
            assert.deepEqual(await list(`?n=${n}`), { names: all, link: undefined });
          });
        }

        test('a HEAD tells the length and the link, without the names', async () => {
          const head = await it.expect(200, 'HEAD', `${path}?n=2`);
          const got = await it.expect(200, 'GET', `${path}?n=2`);
          assert.equal(head.headers['content-length'], String(got.body.length));
          assert.equal(head.headers['link'], got.headers['link']);
          assert.equal(head.body.length, 0);
        });

        test('of an n given twice the first counts', async () => {
          assert.deepEqual((await list('?n=1&n=2')).names, all.slice(0, 1));
        });

        for (const n of ['-1', 'NaN', '1e309', '1;2', '', '1.5']) {
          test(`n of "${n}" is refused`, async () => {
            await it.refuses(400, 'PAGINATION_NUMBER_INVALID', 'GET', `${path}?n=${n}`);
          });
        }
      });
    }

    test('referrers come page by page, each once, and keep their filter', async () => {
      const content = Buffer.from('{}');
      const config = { mediaType: 'application/x', digest: sha256Of(content), size: 2 };
      const subject = {
        mediaType: mediaTypes.ociManifest,
        digest: sha256Of(Buffer.from('s')),
        size: 1,
      };
      const digests: string[] = [];
      for (const artifactType of ['a/b+c', 'a/b+c', 'a/d', 'a/b+c']) {
        const annotations = { at: String(digests.length) };
        const document = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, artifactType };
        const whole = { ...document, config, layers: [], annotations, subject };
        digests.push(sha256Of(Buffer.from(JSON.stringify(whole))));
        await it.pushManifest(name, digests.at(-1) ?? '', whole);
      }
      const path = `/v2/${name}/referrers/${subject.digest}`;
      const walk = async (query: string) => {
        const found: string[] = [];
        for (let next: string | undefined = path + query; next !== undefined;) {
          const answer = await it.expect(200, 'GET', next);
          const page: readonly { readonly digest: string }[] = jsonOf(answer).manifests;
          assert.ok(page.length <= 1);
          found.push(...page.map(({ digest }) => digest));
          next = /^<(.*)>; rel="next"$/.exec(String(answer.headers['link']))?.[1];
        }
        return found;
      };
      assert.deepEqual(await walk('?n=1'), digests.toSorted());
      const filtered = digests.filter((_, at) => at !== 2).toSorted();
      assert.deepEqual(await walk('?artifactType=a/b%2Bc&n=1'), filtered);
      const none = await it.expect(200, 'GET', `${path}?n=0`);
      assert.deepEqual(jsonOf(none).manifests, []);
      assert.equal(none.headers['link'], undefined);
      await it.refuses(400, 'PAGINATION_NUMBER_INVALID', 'GET', `${path}?n=-1`);
    });

    test('images are listed with digest, type, size and time', async () => {
      const { images } = jsonOf(await it.expect(200, 'GET', '/api/v1/images'));
      assert.equal(images.length, tags.length + repositories.length - 1);
      const image = images.find((one: { readonly tag: string }) => one.tag === '0.1.20');
      const { headers } = await it.expect(200, 'HEAD', `/v2/${name}/manifests/0.1.20`);
      assert.equal(image.repository, name);
      assert.equal(image.digest, headers['docker-content-digest']);
      assert.equal(image.mediaType, mediaTypes.ociManifest);
      assert.equal(image.size, 2);
      assert.ok(Math.abs(Date.parse(image.pushedAt) - Date.now()) < 60_000);
    });
  });
}
