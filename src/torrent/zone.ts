import { DocketError } from '../base/errors.ts';

/** A group of hosts with fast links among themselves (a rack, a data centre): bytes should cross into it about once. */
export type Zone = string & { readonly __brand: 'Zone' };

/** Raised for a name that no zone can have. */
export class ZoneError extends DocketError {
  declare readonly code: 'ZONE_INVALID';
}

/** True for 1 to 63 letters, digits, dots, underscores and hyphens. */
export function isZone(text: string | undefined): text is Zone {
  return text !== undefined && /^[A-Za-z0-9._-]{1,63}$/.test(text);
}

/** Reads a zone's name. Throws ZoneError. */
export function parseZone(text: string): Zone {
  if (isZone(text)) return text;
  throw new ZoneError(
    'ZONE_INVALID',
    `"${text}" is not a zone: expected 1 to 63 of the characters A-Z a-z 0-9 . _ -`,
  );
}
