import { eachLimited } from '../each-limited.ts';
import type { BlobReceiver, ImageSource, SourceManifest } from './image-source.ts';
import type { LayoutGraph } from './layout-graph.ts';

/** Blobs that are sent at once. */
export const blobsAtOnce = 4;

/** An image that has manifests of its own: they and its blobs are pushed exactly as they are. */
export class LayoutSource implements ImageSource {
  readonly #graph: LayoutGraph;
  readonly #release: () => Promise<void>;

  constructor(graph: LayoutGraph, release: () => Promise<void> = async () => {}) {
    this.#graph = graph;
    this.#release = release;
  }

  async deliver(receiver: BlobReceiver, signal: AbortSignal): Promise<readonly SourceManifest[]> {
    await eachLimited(this.#graph.blobs, blobsAtOnce, signal, async (blob, either) => {
      if (await receiver.has(blob.digest)) receiver.skip(blob);
      else await receiver.receive(blob, either);
    });
    return this.#graph.manifests;
  }

  async close(): Promise<void> {
    await this.#release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
