import { isJsonObject } from '../../oci/descriptor.ts';
import { CliError } from '../cli-error.ts';

/** One tag that the registry holds. */
export interface ListedImage {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  readonly mediaType: string;
  /** Bytes of config and layers. */
  readonly size: number;
  /** ISO 8601. */
  readonly pushedAt: string;
}

/** The answer to `GET /api/v1/images`. Throws CliError REGISTRY_FAILED when it has another form. */
export function parseImageList(bytes: Uint8Array): readonly ListedImage[] {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const images = isJsonObject(value) ? value['images'] : undefined;
    if (Array.isArray(images) && images.every(isListedImage)) return images;
  } catch {
    // Not JSON: not a Docket registry either.
  }
  throw new CliError('REGISTRY_FAILED', 'the answer is not a list of images', {
    hint: 'Is it a Docket registry of this version that answers there?',
  });
}

function isListedImage(value: unknown): value is ListedImage {
  return (
    isJsonObject(value) &&
    typeof value['size'] === 'number' &&
    ['repository', 'tag', 'digest', 'mediaType', 'pushedAt'].every(
      (key) => typeof value[key] === 'string',
    )
  );
}
