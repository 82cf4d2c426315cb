import { AsyncLocalStorage } from 'node:async_hooks';
import type { ObservedRequest } from './channels.ts';
import { requestIdHeader } from './request-id.ts';

const current = new AsyncLocalStorage<ObservedRequest>();

/** Runs `act` as a part of answering a request: `currentRequest` gives it meanwhile, also after waits. */
export function whileAnswering<T>(request: ObservedRequest, act: () => T): T {
  return current.run(request, act);
}

/** The request that this is done for; undefined when it is for none. */
export function currentRequest(): ObservedRequest | undefined {
  return current.getStore();
}

/** Headers by which another server can tell that what is asked of it belongs to the request that is being answered. */
export function contextHeaders(): Readonly<Record<string, string>> {
  const request = currentRequest();
  if (request === undefined) return {};
  const { id, traceparent } = request;
  return { [requestIdHeader]: id, ...(traceparent === undefined ? {} : { traceparent }) };
}
