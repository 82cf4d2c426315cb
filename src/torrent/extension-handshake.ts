import {
  decodeBencode,
  encodeBencode,
  isDictionary,
  textOf,
  type BencodeDictionary,
} from './bencode.ts';
import { crossingName } from './crossing.ts';
import { blockLength } from './geometry.ts';
import { isZone, type Zone } from './zone.ts';

/** What peers tell each other first under BEP 10. Unknown keys are ignored, so later ones (a ticket) may be added. */
export interface ExtensionHandshake {
  /** The client's name and version. */
  readonly client: string | undefined;
  /** Where it accepts peers. */
  readonly port: number | undefined;
  /** Requests it lets us have outstanding. */
  readonly requestLimit: number | undefined;
  /** It wants nothing (BEP 21). */
  readonly isUploadOnly: boolean;
  /** Docket's own key `block`: the longest block it may be asked for and sent, in bytes, where that is more than the usual. */
  readonly longestBlock: number | undefined;
  /** Docket's own key `reveals`: it has everything, but shows it piece by piece, to each whose turn it is. */
  readonly reveals: boolean;
  /** Docket's own key `zone`: where its host stands. */
  readonly zone: Zone | undefined;
  /** Under which id it wants to be told what others of its zone fetch from outside (`crossing.ts`); undefined: not at all. */
  readonly crossingId: number | undefined;
}

const longest = 16 * 1024;

export function encodeExtensionHandshake(handshake: ExtensionHandshake): Uint8Array {
  return encodeBencode({
    block: handshake.longestBlock,
    m: { [crossingName]: handshake.crossingId },
    p: handshake.port,
    reqq: handshake.requestLimit,
    reveals: handshake.reveals ? 1 : undefined,
    upload_only: handshake.isUploadOnly ? 1 : 0,
    v: handshake.client,
    zone: handshake.zone,
  });
}

/** What the payload says, or undefined when it is no such dictionary. */
export function parseExtensionHandshake(payload: Uint8Array): ExtensionHandshake | undefined {
  try {
    const values = decodeBencode(payload, { bytes: longest });
    if (!isDictionary(values)) return undefined;
    const messages = values.get('m');
    const number = (
      key: string,
      least: number,
      most: number,
      from: BencodeDictionary = values,
    ): number | undefined => {
      const value = from.get(key);
      return typeof value === 'number' && value >= least && value <= most ? value : undefined;
    };
    const zone = textOf(values.get('zone'));
    return {
      client: textOf(values.get('v')),
      port: number('p', 1, 65_535),
      requestLimit: number('reqq', 1, Number.MAX_SAFE_INTEGER),
      isUploadOnly: number('upload_only', 1, 1) === 1,
      longestBlock: number('block', blockLength + 1, 2 ** 20 - 9),
      reveals: number('reveals', 1, 1) === 1,
      zone: isZone(zone) ? zone : undefined,
      crossingId: isDictionary(messages) ? number(crossingName, 1, 255, messages) : undefined,
    };
  } catch {
    return undefined;
  }
}
