import { randomInteger } from '../../../src/base/random.ts';
import { blockLength, type Block } from '../../../src/torrent/geometry.ts';
import {
  encodeBitfield,
  encodeBlock,
  encodeExtended,
  encodeHave,
  encodeSimple,
} from '../../../src/torrent/wire.ts';
import { Bitfield } from '../../../src/torrent/bitfield.ts';
import type { WirePeer } from './wire-peer.ts';

/** Speaks for one connection. */
export type Behaviour = (peer: WirePeer) => void;

const wrongBytes = Buffer.alloc(blockLength, 0xbd);

function showAll(peer: WirePeer): void {
  const all = Bitfield.full(peer.blob.metainfo.pieceCount);
  peer.say(peer.abilities.fast ? encodeSimple('haveAll') : encodeBitfield(all.bytes()));
}

/** Shows everything, unchokes whoever is interested, and does with each request what `answer` says. */
function seed(peer: WirePeer, answer: (block: Block) => void): void {
  peer.onGreeted = () => showAll(peer);
  peer.onMessage = (message) => {
    if (message.type === 'interested') peer.say(encodeSimple('unchoke'));
    if (message.type === 'request') answer(message.block);
  };
}

/** Another client, as it should be. */
function honest(peer: WirePeer): void {
  seed(peer, (block) => peer.sendBlock(block, peer.bytesOf(block)));
}

function wholeLiar(peer: WirePeer): void {
  seed(peer, (block) => peer.sendBlock(block, wrongBytes.subarray(0, block.length)));
}

/** Of each piece one block is wrong: the last, the first, or one between. */
function blockLiar(peer: WirePeer): void {
  const chosen = peer.random();
  seed(peer, (block) => {
    const blocks = Math.ceil(peer.blob.metainfo.pieceLength / blockLength);
    const isWrong = block.begin / blockLength === Math.floor(chosen * blocks);
    peer.sendBlock(block, isWrong ? wrongBytes.subarray(0, block.length) : peer.bytesOf(block));
  });
}

/** Takes requests and never sends; now and then one block, so that it does not seem dead. */
function staller(peer: WirePeer): void {
  const every = 1 + randomInteger(peer.random, 40);
  let count = 0;
  seed(peer, (block) => {
    if (++count % every === 0) peer.sendBlock(block, peer.bytesOf(block));
  });
}

/** Sends what it is asked for, one block after a long while. */
function dribbler(peer: WirePeer): void {
  const waiting: Block[] = [];
  seed(peer, (block) => waiting.push({ ...block }));
  peer.every(2_000, () => {
    const block = waiting.shift();
    if (block !== undefined) peer.sendBlock(block, peer.bytesOf(block));
  });
}

function rejecter(peer: WirePeer): void {
  seed(peer, (block) => peer.say(encodeBlock('reject', block)));
}

/** Sends some of what it is asked for, and is gone. */
function vanisher(peer: WirePeer): void {
  let left = randomInteger(peer.random, 12);
  seed(peer, (block) => {
    if (left-- > 0) peer.sendBlock(block, peer.bytesOf(block));
    else peer.close();
  });
}

/** Chokes and unchokes without end, and answers as BEP 6, or BEP 3, says. */
function flapper(peer: WirePeer): void {
  const waiting: Block[] = [];
  let isChoking = true;
  let isWanted = false;
  peer.onGreeted = () => showAll(peer);
  peer.onMessage = (message) => {
    if (message.type === 'interested') isWanted = true;
    if (message.type === 'notInterested') isWanted = false;
    if (message.type !== 'request') return;
    if (!isChoking) waiting.push({ ...message.block });
    else if (peer.abilities.fast) peer.say(encodeBlock('reject', message.block));
  };
  peer.every(150, () => {
    if (isChoking) {
      if (!isWanted) return;
      isChoking = false;
      return peer.say(encodeSimple('unchoke'));
    }
    for (const block of waiting.splice(0, 3)) peer.sendBlock(block, peer.bytesOf(block));
    if (peer.random() < 0.5) return undefined;
    isChoking = true;
    peer.say(encodeSimple('choke'));
    const dropped = waiting.splice(0);
    if (peer.abilities.fast) for (const block of dropped) peer.say(encodeBlock('reject', block));
    return undefined;
  });
}

/** Asks for very much and reads nothing. */
function deaf(peer: WirePeer): void {
  const { metainfo } = peer.blob;
  peer.onGreeted = () => {
    peer.say(peer.abilities.fast ? encodeSimple('haveNone') : encodeSimple('notInterested'));
    peer.say(encodeSimple('interested'));
  };
  peer.onMessage = (message) => {
    if (message.type !== 'unchoke') return;
    for (let piece = 0; piece < metainfo.pieceCount; piece++)
      peer.say(
        encodeBlock('request', {
          piece,
          begin: 0,
          length: Math.min(blockLength, metainfo.length - piece * metainfo.pieceLength),
        }),
      );
    peer.stopReading();
  };
}

/** Says everything that may be said as often as it can, for a while. */
function flooder(peer: WirePeer): void {
  const { metainfo } = peer.blob;
  peer.onGreeted = () => peer.say(encodeSimple('interested'));
  let bursts = 30;
  peer.every(100, () => {
    if (bursts-- <= 0) return;
    const parts: Uint8Array[] = [];
    for (let index = 0; index < 300; index++) {
      const block = {
        piece: randomInteger(peer.random, metainfo.pieceCount),
        begin: 0,
        length: 1 + randomInteger(peer.random, 1_000),
      };
      const kind = randomInteger(peer.random, 8);
      if (kind === 0) parts.push(encodeHave(block.piece));
      else if (kind === 1) parts.push(encodeBlock('request', block), encodeBlock('cancel', block));
      else if (kind === 2)
        parts.push(encodeSimple(peer.random() < 0.5 ? 'interested' : 'notInterested'));
      else if (kind === 3) parts.push(encodeSimple(peer.random() < 0.5 ? 'choke' : 'unchoke'));
      else if (kind === 4)
        parts.push(encodeExtended(randomInteger(peer.random, 3), Buffer.from('d1:md2:xxi9eee')));
      else if (kind === 5) parts.push(encodeBlock('reject', block));
      else parts.push(encodeBlock('request', block));
    }
    peer.say(Buffer.concat(parts));
  });
}

/** Speaks something else: at once, or after a right beginning. */
function garbler(peer: WirePeer): void {
  const junk = (): Buffer =>
    Buffer.from(Array.from({ length: 200 }, () => randomInteger(peer.random, 256)));
  if (peer.random() < 0.3) peer.say(junk());
  peer.onGreeted = () => peer.after(randomInteger(peer.random, 2_000), () => peer.say(junk()));
}

/** Sends blocks that nobody asked for, or other than those that were. */
function pusher(peer: WirePeer): void {
  const { metainfo } = peer.blob;
  seed(peer, (block) => {
    const other = { piece: randomInteger(peer.random, metainfo.pieceCount), begin: 0, length: 100 };
    peer.sendBlock(peer.random() < 0.7 ? block : other, peer.bytesOf(block));
  });
}

/** What a peer that is no real engine may be like, and whether it may ever be banned. */
export const behaviours = {
  honest: { speak: honest, isBannable: false },
  wholeLiar: { speak: wholeLiar, isBannable: true },
  blockLiar: { speak: blockLiar, isBannable: true },
  staller: { speak: staller, isBannable: false },
  dribbler: { speak: dribbler, isBannable: false },
  rejecter: { speak: rejecter, isBannable: false },
  vanisher: { speak: vanisher, isBannable: false },
  flapper: { speak: flapper, isBannable: false },
  deaf: { speak: deaf, isBannable: false },
  flooder: { speak: flooder, isBannable: true },
  garbler: { speak: garbler, isBannable: true },
  pusher: { speak: pusher, isBannable: true },
} as const satisfies Record<string, { speak: Behaviour; isBannable: boolean }>;

export type BehaviourName = keyof typeof behaviours;
