import { OciError } from '../oci/oci-error.ts';
import type { Exchange } from './exchange.ts';
import type { Services } from './services.ts';

/** Throws OciError UNSUPPORTED where nothing may be deleted, be it a blob, a manifest or a tag alone (CVE-2026-41888). */
export function expectDeletes({ response }: Exchange, { deletes }: Services): void {
  if (deletes) return;
  response.setHeader('Allow', 'GET, HEAD, PUT');
  throw new OciError('UNSUPPORTED', 'this registry does not let anything be deleted');
}
