import type { CatalogChange } from '../../storage/outbox.ts';

/** What changes are called. Documented: receivers rely on them. */
const types: Readonly<Record<CatalogChange['kind'], string>> = {
  pushed: 'docket.manifest.pushed',
  deleted: 'docket.manifest.deleted',
  untagged: 'docket.tag.deleted',
};

/** The media type of an event as a whole (CloudEvents 1.0, HTTP binding, structured mode). */
export const cloudEventType = 'application/cloudevents+json; charset=utf-8';

/**
 * A change as an event in the JSON format of CloudEvents 1.0. `host` is the registry's, when it is known; `time` is
 * milliseconds since 1970.
 */
export function cloudEvent(
  change: CatalogChange,
  about: { readonly id: string; readonly host: string | undefined; readonly time: number },
): string {
  const { kind, repository, digest, tags } = change;
  const [tag] = tags;
  const reference = tags.length === 1 && tag !== undefined ? `:${tag}` : `@${digest}`;
  const host = about.host === undefined ? '' : `//${about.host}`;
  return JSON.stringify({
    specversion: '1.0',
    id: about.id,
    source: `${host}/v2/${repository}`,
    type: types[kind],
    subject: repository + reference,
    time: new Date(about.time).toISOString(),
    datacontenttype: 'application/json',
    data: {
      repository,
      digest,
      tags,
      ...(kind === 'untagged' ? {} : { mediaType: change.mediaType }),
      ...(kind === 'pushed' ? { size: change.size } : { by: change.by }),
    },
  });
}
