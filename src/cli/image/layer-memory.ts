import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isJsonObject } from '../../oci/descriptor.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';

/** A layer after compression. */
export interface RememberedLayer {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

const mostLayers = 20_000;

/**
 * Which digest each layer had after compression, kept in a file between pushes: so the same layer keeps its digest, also
 * when another compressor would give other bytes, and one that the registry holds need not be compressed again. Only a
 * help: an unreadable file counts as empty, and one that cannot be written is no failure.
 */
export class LayerMemory {
  readonly #file: string;
  readonly #layers: Map<string, RememberedLayer>;

  private constructor(file: string, layers: Map<string, RememberedLayer>) {
    this.#file = file;
    this.#layers = layers;
  }

  static async open(location: string): Promise<LayerMemory> {
    const file = path.join(location, 'layers.json');
    return new LayerMemory(file, await readLayers(file));
  }

  /** The layer whose uncompressed bytes have the digest `diffId`. */
  find(diffId: Digest): RememberedLayer | undefined {
    return this.#layers.get(diffId);
  }

  async remember(diffId: Digest, { digest, size }: RememberedLayer): Promise<void> {
    const known = this.#layers.get(diffId);
    if (known?.digest === digest && known.size === size) return;
    // Another push may have written in the meantime.
    for (const [id, layer] of await readLayers(this.#file)) this.#layers.set(id, layer);
    this.#layers.delete(diffId);
    this.#layers.set(diffId, { digest, size });
    const newest = [...this.#layers].slice(-mostLayers);
    const temporary = `${this.#file}.${randomUUID()}`;
    try {
      await writeFile(temporary, JSON.stringify(Object.fromEntries(newest)), { mode: 0o600 });
      await rename(temporary, this.#file);
    } catch {
      await rm(temporary, { force: true });
    }
  }
}

async function readLayers(file: string): Promise<Map<string, RememberedLayer>> {
  const layers = new Map<string, RememberedLayer>();
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    for (const [diffId, layer] of Object.entries(isJsonObject(value) ? value : {})) {
      if (!isDigest(diffId) || !isJsonObject(layer)) continue;
      const { digest, size } = layer;
      if (typeof digest !== 'string' || !isDigest(digest) || typeof size !== 'number') continue;
      layers.set(diffId, { digest, size });
    }
  } catch {
    return layers;
  }
  return layers;
}
