import type { Context, Span } from '@opentelemetry/api';
import {
  requestEnd,
  requestStart,
  transferEnd,
  transferStart,
  type ObservedRequest,
  type ObservedTransfer,
} from './channels.ts';

/**
 * Makes OpenTelemetry spans of requests and of transfers of blobs, until the returned function is called. They go to the SDK
 * that the user brings along; without one nothing comes of them. A request goes on with the trace of its `traceparent`.
 * Rejects when `@opentelemetry/api` is not there.
 */
export async function startTracing(version: string): Promise<() => void> {
  const { propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } =
    await import('@opentelemetry/api');
  const tracer = trace.getTracer('docket', version);
  const requests = new WeakMap<
    ObservedRequest,
    { readonly span: Span; readonly context: Context }
  >();
  const transfers = new WeakMap<ObservedTransfer, Span>();

  const onRequestStart = (request: ObservedRequest): void => {
    const { id, method, path, remote, headers, role } = request;
    const parent = propagation.extract(ROOT_CONTEXT, headers);
    const attributes = {
      'http.request.method': method,
      'url.path': path,
      'client.address': remote,
      'user_agent.original': headers['user-agent'],
      'docket.role': role,
      'docket.request_id': id,
    };
    const span = tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, parent);
    requests.set(request, { span, context: trace.setSpan(parent, span) });
    const { traceId, spanId, traceFlags } = span.spanContext();
    const flags = traceFlags.toString(16).padStart(2, '0');
    // What is asked of others for this request belongs to this span.
    if (!/^0*$/.test(traceId)) request.traceparent = `00-${traceId}-${spanId}-${flags}`;
  };
  const onRequestEnd = (request: ObservedRequest): void => {
    const { method, route, status, repository } = request;
    const span = requests.get(request)?.span;
    if (span === undefined) return;
    span.updateName(`${method} ${route}`);
    span.setAttributes({ 'http.route': route });
    if (status !== undefined) span.setAttributes({ 'http.response.status_code': status });
    if (repository !== undefined) span.setAttributes({ 'docket.repository': repository });
    if (status === undefined || status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  };
  const onTransferStart = (transfer: ObservedTransfer): void => {
    const { direction, request, repository, digest } = transfer;
    const attributes = { 'docket.repository': repository, 'docket.digest': digest };
    const parent = request === undefined ? undefined : requests.get(request)?.context;
    transfers.set(
      transfer,
      tracer.startSpan(`blob ${direction}`, { attributes }, parent ?? ROOT_CONTEXT),
    );
  };
  const onTransferEnd = (transfer: ObservedTransfer): void => {
    const { bytes, bytesFromPeers, error } = transfer;
    const span = transfers.get(transfer);
    if (span === undefined) return;
    span.setAttributes({ 'docket.bytes': bytes });
    if (bytesFromPeers !== undefined)
      span.setAttributes({ 'docket.bytes_from_peers': bytesFromPeers });
    if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
    span.end();
  };

  requestStart.subscribe(onRequestStart);
  requestEnd.subscribe(onRequestEnd);
  transferStart.subscribe(onTransferStart);
  transferEnd.subscribe(onTransferEnd);
  return () => {
    requestStart.unsubscribe(onRequestStart);
    requestEnd.unsubscribe(onRequestEnd);
    transferStart.unsubscribe(onTransferStart);
    transferEnd.unsubscribe(onTransferEnd);
  };
}
