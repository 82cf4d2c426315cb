import type { FuzzTarget } from './target.ts';
import { bencodeTarget } from './targets/bencode.ts';
import { conversationTarget } from './targets/conversation.ts';
import { extensionTarget, handshakeTarget } from './targets/greetings.ts';
import { metainfoTarget } from './targets/metainfo.ts';
import {
  announceAnswerTarget,
  announceBatchTarget,
  announceQueryTarget,
  batchAnswerTarget,
  scrapeTarget,
} from './targets/tracker-http.ts';
import { compactPeersTarget, udpAnswerTarget, udpRequestTarget } from './targets/tracker-udp.ts';
import { wireTarget } from './targets/wire.ts';

/** Everything that takes bytes of strangers. */
export const targets: readonly FuzzTarget[] = [
  bencodeTarget,
  metainfoTarget,
  wireTarget,
  handshakeTarget,
  extensionTarget,
  conversationTarget,
  announceQueryTarget,
  announceAnswerTarget,
  scrapeTarget,
  announceBatchTarget,
  batchAnswerTarget,
  udpRequestTarget,
  udpAnswerTarget,
  compactPeersTarget,
];
