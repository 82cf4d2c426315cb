/** The trace that a request belongs to: its id, and the header that names it (W3C Trace Context, version 00). */
export interface TraceParent {
  readonly traceId: string;
  readonly header: string;
}

/** Reads a `traceparent` header; undefined when there is none, or when it is not by the rules. */
export function parseTraceparent(header: string | string[] | undefined): TraceParent | undefined {
  if (typeof header !== 'string') return undefined;
  const match = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.exec(header);
  const traceId = match?.[1];
  return traceId === undefined ? undefined : { traceId, header };
}
