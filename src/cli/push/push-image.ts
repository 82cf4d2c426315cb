import type { Digest } from '../../oci/digest.ts';
import type { Repository, Tag } from '../../oci/reference.ts';
import type { BlobReceiver, ImageSource } from '../image/image-source.ts';
import type { RegistryClient } from '../remote/registry-client.ts';
import type { Progress } from '../terminal/progress.ts';
import { shortDigest } from '../terminal/short-digest.ts';
import { RateMeter } from '../terminal/rate-meter.ts';

export interface PushTarget {
  readonly registry: RegistryClient;
  readonly repository: Repository;
  readonly tag: Tag;
}

/**
 * Sends an image to a registry: blobs that it lacks, then the manifests, the tagged one last, so that nobody sees a tag
 * whose image is not there. Returns the digest that the tag now stands for.
 */
export async function pushImage(
  source: ImageSource,
  { registry, repository, tag }: PushTarget,
  progress: Progress,
  signal: AbortSignal,
): Promise<Digest> {
  const receiver: BlobReceiver = {
    has: (digest) => registry.hasBlob(repository, digest, signal),
    prepare(name, total) {
      const line = progress.line(shortDigest(name));
      const meter = new RateMeter();
      return {
        update: (done) =>
          line.update({ status: 'Compressing', done, total, detail: meter.text(done, total) }),
        end: () => line.drop(),
      };
    },
    skip: ({ digest }) => progress.line(shortDigest(digest)).finish('Layer already exists'),
    async receive(blob, either) {
      const line = progress.line(shortDigest(blob.digest));
      const meter = new RateMeter();
      await registry.pushBlob(repository, blob, either, (done) => {
        line.update({
          status: 'Pushing',
          done,
          total: blob.size,
          detail: meter.text(done, blob.size),
        });
      });
      line.finish('Pushed');
    },
  };
  const manifests = await source.deliver(receiver, signal);
  const root = manifests.at(-1);
  if (root === undefined) throw new TypeError('the source gave no manifest');
  for (const manifest of manifests.slice(0, -1)) {
    await registry.pushManifest(repository, manifest.digest, manifest, signal);
  }
  if ((await registry.tagDigest(repository, tag, signal)) !== root.digest) {
    await registry.pushManifest(repository, tag, root, signal);
  }
  progress.note(`${tag}: digest: ${root.digest} size: ${root.bytes.length}`);
  return root.digest;
}
