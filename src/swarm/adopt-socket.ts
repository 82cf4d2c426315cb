import { Socket, type OnReadOpts } from 'node:net';

/** Where Node keeps a socket's system handle; it is not documented. */
const handleKey = '_handle';

/**
 * An accepted connection that reads by `onread`, which `net.Server` has no option for: its system handle in another
 * socket. The one that it came in stays as an empty shell by which the server counts it. Undefined, with `accepted` as
 * it was, when this Node has no such inside.
 */
export function adoptSocket(accepted: Socket, onread: OnReadOpts): Socket | undefined {
  const handle: unknown = Reflect.get(accepted, handleKey);
  if (!canReadInto(handle)) return undefined;
  const socket = new Socket({ handle, onread } as never);
  Reflect.set(accepted, handleKey, null);
  socket.once('close', () => accepted.destroy());
  return socket;
}

function canReadInto(handle: unknown): boolean {
  return (
    typeof handle === 'object' &&
    handle !== null &&
    typeof Reflect.get(handle, 'useUserBuffer') === 'function'
  );
}
