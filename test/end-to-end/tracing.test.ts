import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  propagation,
  ROOT_CONTEXT,
  trace,
  type Attributes,
  type Context,
  type Span,
  type SpanContext,
  type SpanOptions,
} from '@opentelemetry/api';
import { startAgent } from '../../src/agent/agent-role.ts';
import { silentLog, type Log } from '../../src/base/log.ts';
import { startTracing } from '../../src/observe/open-telemetry.ts';
import { startRegistry } from '../../src/server/registry-role.ts';
import { pushBlob } from '../lab/oci-client.ts';
import { writeRandomFile } from '../lab/random-file.ts';

/** A span, as an SDK would keep it. */
interface Recorded {
  name: string;
  readonly context: SpanContext;
  readonly parent: SpanContext | undefined;
  readonly attributes: Attributes;
  ended: boolean;
}

const spans: Recorded[] = [];

/** As much of an SDK as is needed to see what it would be given. */
function installSdk(): void {
  let count = 0;
  const startSpan = (name: string, options: SpanOptions = {}, parentContext?: Context): Span => {
    const parent = trace.getSpanContext(parentContext ?? ROOT_CONTEXT);
    count++;
    const traceId = parent?.traceId ?? count.toString(16).padStart(32, 'a');
    const context = { traceId, spanId: count.toString(16).padStart(16, 'b'), traceFlags: 1 };
    const recorded: Recorded = {
      name,
      context,
      parent,
      attributes: { ...options.attributes },
      ended: false,
    };
    spans.push(recorded);
    const span = {
      spanContext: () => context,
      updateName: (to: string) => void (recorded.name = to),
      setAttributes: (more: Attributes) => void Object.assign(recorded.attributes, more),
      setStatus: () => {},
      end: () => void (recorded.ended = true),
    };
    return span as unknown as Span;
  };
  const tracer = { startSpan, startActiveSpan: () => assert.fail('not used') };
  trace.setGlobalTracerProvider({ getTracer: () => tracer as never });
  propagation.setGlobalPropagator({
    fields: () => ['traceparent'],
    inject: () => {},
    extract: (context, carrier) => {
      const header = (carrier as Record<string, string>)['traceparent'];
      const [, traceId, spanId] = /^00-(\w+)-(\w+)-01$/.exec(header ?? '') ?? [];
      if (traceId === undefined || spanId === undefined) return context;
      return trace.setSpanContext(context, { traceId, spanId, traceFlags: 1, isRemote: true });
    },
  });
}

test('a pull is one trace from the client over the agent to the registry, with the ids in both logs', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'docket-tracing-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  installSdk();
  const stop = await startTracing('1.0');
  t.after(stop);
  const lines: Record<string, unknown>[] = [];
  const info = (fields: object): void => void lines.push(fields as Record<string, unknown>);
  const log: Log = { ...silentLog, info };
  const common = { port: 0, peerPort: 0, peerHost: '127.0.0.1', host: '127.0.0.1', log };
  await using registry = await startRegistry({ ...common, location: join(folder, 'registry') });
  await using agent = await startAgent({
    ...common,
    location: join(folder, 'agent'),
    registry: registry.url,
  });
  const blob = await writeRandomFile(join(folder, 'blob'), 1_000_000);
  const { digest } = blob;
  await pushBlob(registry.url, 'team/app', '1', blob);
  spans.length = 0;
  lines.length = 0;

  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01`, 'x-request-id': 'one-pull' };
  const answer = await fetch(`${agent.url}/v2/team/app/blobs/${digest}`, { headers });
  assert.equal((await answer.arrayBuffer()).byteLength, 1_000_000);
  while (spans.some(({ ended }) => !ended)) await delay(10);

  const named = (name: string, role?: string): Recorded => {
    const found = spans.find(
      (span) =>
        span.name === name && (role === undefined || span.attributes['docket.role'] === role),
    );
    assert.ok(found, `${name} is not among ${spans.map((span) => span.name).join(', ')}`);
    return found;
  };
  const pulled = named('GET blob', 'agent');
  assert.equal(pulled.parent?.spanId, 'b7ad6b7169203331');
  assert.equal(pulled.attributes['http.response.status_code'], 200);
  assert.equal(pulled.attributes['docket.request_id'], 'one-pull');
  const fetched = named('blob fetch');
  assert.equal(fetched.parent?.spanId, pulled.context.spanId);
  assert.ok(Number(fetched.attributes['docket.bytes']) >= 1_000_000);
  assert.ok(Number(fetched.attributes['docket.bytes_from_peers']) <= 1_000_000);
  assert.equal(named('blob send').parent?.spanId, pulled.context.spanId);
  const asked = named('GET torrent', 'registry');
  assert.equal(asked.context.traceId, traceId);
  assert.equal(asked.parent?.spanId, pulled.context.spanId);

  const told = lines.filter(({ requestId }) => requestId === 'one-pull');
  const routes = told.map(({ route }) => route);
  assert.ok(routes.includes('blob') && routes.includes('torrent'), routes.join());
  assert.ok(told.every((line) => line['traceId'] === traceId));
});
