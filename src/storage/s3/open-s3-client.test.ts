import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openS3Client } from './open-s3-client.ts';

/** Where a request for an object goes, as `host/path`. */
async function whereTo(options: { readonly endpoint?: string; readonly pathStyle?: boolean }) {
  const { sdk, client } = await openS3Client({
    bucket: 'images',
    prefix: '',
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    ...options,
  });
  let place = '';
  client.middlewareStack.add(
    () => (args) => {
      const { hostname, path } = args.request as { hostname: string; path: string };
      place = hostname + path;
      throw new Error('far enough');
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
  const command = new sdk.HeadObjectCommand({ Bucket: 'images', Key: 'a/b' });
  await assert.rejects(client.send(command), /far enough/);
  client.destroy();
  return place;
}

test('the bucket stands in the path with an endpoint, in the name of the host without, or as it is told', async () => {
  const endpoint = 'http://s3.example:9000';
  assert.equal(await whereTo({ endpoint }), 's3.example/images/a/b');
  assert.equal(await whereTo({ endpoint, pathStyle: false }), 'images.s3.example/a/b');
  assert.equal(await whereTo({}), 'images.s3.eu-west-1.amazonaws.com/a/b');
  assert.equal(await whereTo({ pathStyle: true }), 's3.eu-west-1.amazonaws.com/images/a/b');
});
