import type { LayoutImage } from '../../oci/archive-layout.ts';
import { CliError } from '../cli-error.ts';
import type { EngineClient } from '../engine/engine-client.ts';
import type { ImageSink, PulledImage } from './image-sink.ts';
import { imageTar } from './image-tar.ts';

/** Loads images into the local container engine. */
export class EngineSink implements ImageSink {
  readonly #engine: EngineClient;
  readonly #repository: string;

  /** `repository` is the name, without tag, that the image is to have in the engine. The sink closes the engine's client. */
  constructor(engine: EngineClient, repository: string) {
    this.#engine = engine;
    this.#repository = repository;
  }

  async has(image: LayoutImage, signal: AbortSignal): Promise<boolean> {
    for (const id of idsOf(image)) {
      if ((await this.#engine.imageId(id, signal)) !== id) continue;
      if (image.tag !== undefined) {
        await this.#engine.tag(id, this.#repository, image.tag, signal);
      }
      return true;
    }
    return false;
  }

  /** The engine's own word is not enough: it must then have the image, under its name, with the right ID. */
  async write(image: PulledImage, signal: AbortSignal): Promise<string> {
    await this.#engine.load(imageTar(image), signal);
    const ids = idsOf(image);
    const names = image.name === undefined ? ids : [image.name];
    for (const name of names) {
      const id = await this.#engine.imageId(name, signal);
      if (id !== undefined && ids.includes(id)) return `Loaded ${image.name ?? id}`;
      if (image.name !== undefined) {
        throw new CliError(
          'ENGINE_FAILED',
          `the container engine has ${id ?? 'no image'} as ${name} after loading it (expected ${ids.join(' or ')})`,
        );
      }
    }
    throw new CliError(
      'ENGINE_FAILED',
      `the container engine has no image ${ids[0]} after loading it`,
    );
  }

  async close(): Promise<void> {
    await this.#engine.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** An engine's ID of an image is its config's digest, or, with containerd's store, its manifest's. */
function idsOf(image: LayoutImage): readonly string[] {
  return [image.manifest.config.digest, image.digest];
}
