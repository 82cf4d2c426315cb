import type { GcItem } from './gc-report.ts';

type WithTime<T> = T extends { readonly since: number }
  ? Omit<T, 'since'> & { readonly since: string }
  : T;

/** An item for others: with its time as ISO 8601. */
export function gcItemJson(item: GcItem): WithTime<GcItem> {
  if (!('since' in item)) return item;
  return { ...item, since: new Date(item.since).toISOString() };
}
