import { DocketError } from '../base/errors.ts';
import { ipBytes } from './ip-address.ts';

/** A network: all addresses that begin with the same bits. */
export interface IpRange {
  /** 4 or 16. */
  readonly bytes: Uint8Array;
  readonly bits: number;
}

/** Raised for a text that names no network. */
export class IpRangeError extends DocketError {
  declare readonly code: 'IP_RANGE_INVALID';
}

/** Reads `10.0.0.0/8`, `fd00::/8`, or an address alone. Throws IpRangeError. */
export function parseIpRange(text: string): IpRange {
  const [, address = '', length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const bytes = ipBytes(address);
  const most = (bytes?.length ?? 0) * 8;
  const bits = length === undefined ? most : Number(length);
  if (bytes !== undefined && bits <= most) return { bytes, bits };
  throw new IpRangeError(
    'IP_RANGE_INVALID',
    `"${text}" is not a network: expected one like 10.0.0.0/8 or fd00::/8`,
  );
}

/** True when one of the ranges holds the address. */
export function isInRanges(host: string, ranges: readonly IpRange[]): boolean {
  const address = ipBytes(host);
  return address !== undefined && ranges.some((range) => holds(range, address));
}

function holds({ bytes, bits }: IpRange, address: Uint8Array): boolean {
  return (
    bytes.length === address.length &&
    bytes.every((byte, index) => ((byte ^ (address[index] ?? 0)) & mask(bits, index)) === 0)
  );
}

/** The bits of one byte of an address that count. */
function mask(bits: number, index: number): number {
  const own = Math.min(Math.max(bits - 8 * index, 0), 8);
  return (0xff << (8 - own)) & 0xff;
}
