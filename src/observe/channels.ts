import { channel } from 'node:diagnostics_channel';
import type { IncomingHttpHeaders } from 'node:http';
import { messageOf } from '../base/errors.ts';

/** A request to one of the HTTP faces. The object is the same from start to end, so that a listener can keep things by it. */
export interface ObservedRequest {
  readonly id: string;
  readonly role: 'registry' | 'agent';
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The address of the client. */
  readonly remote: string | undefined;
  /** The trace that it belongs to, as the header of that name. Whoever makes spans puts its own there. */
  traceparent: string | undefined;
  /** The class of the request; known at its end. */
  route: string;
  repository: string | undefined;
  /** Known at its end; undefined when the client had gone before there was an answer. */
  status: number | undefined;
}

/** The bytes of a blob on their way: over HTTP as a part of a request, or on their way into the agent's cache. */
export interface ObservedTransfer {
  readonly direction: 'send' | 'receive' | 'fetch';
  readonly request: ObservedRequest | undefined;
  readonly repository: string | undefined;
  readonly digest: string | undefined;
  /** Known at its end. */
  bytes: number;
  /** Of those, the bytes that peers gave; only when it is fetched. */
  bytesFromPeers?: number;
  error: string | undefined;
}

/** A channel whose messages have one form. */
interface TypedChannel<T> {
  readonly hasSubscribers: boolean;
  publish(message: T): void;
  subscribe(listener: (message: T) => void): void;
  unsubscribe(listener: (message: T) => void): void;
}

function typed<T>(name: string): TypedChannel<T> {
  return channel(name) as TypedChannel<T>;
}

/** Documented: whoever loads code beside Docket may listen to these. */
export const requestStart = typed<ObservedRequest>('docket.request.start');
export const requestEnd = typed<ObservedRequest>('docket.request.end');
export const transferStart = typed<ObservedTransfer>('docket.transfer.start');
export const transferEnd = typed<ObservedTransfer>('docket.transfer.end');

/** Tells of a transfer while `move` is under way; `move` gives the bytes that it moved. */
export async function observeTransfer(
  about: Omit<ObservedTransfer, 'bytes' | 'error' | 'bytesFromPeers'>,
  move: (transfer: ObservedTransfer) => Promise<void>,
): Promise<void> {
  const transfer: ObservedTransfer = { ...about, bytes: 0, error: undefined };
  transferStart.publish(transfer);
  try {
    await move(transfer);
  } catch (error) {
    transfer.error = messageOf(error);
    throw error;
  } finally {
    transferEnd.publish(transfer);
  }
}

/** Tells of a transfer whose bytes come in `chunks`, from the first that is asked for to the end. */
export async function* observeChunks(
  about: Omit<ObservedTransfer, 'bytes' | 'error' | 'bytesFromPeers'>,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const transfer: ObservedTransfer = { ...about, bytes: 0, error: undefined };
  transferStart.publish(transfer);
  try {
    for await (const chunk of chunks) {
      transfer.bytes += chunk.length;
      yield chunk;
    }
  } catch (error) {
    transfer.error = messageOf(error);
    throw error;
  } finally {
    transferEnd.publish(transfer);
  }
}
