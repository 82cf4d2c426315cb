import { isZone, type Zone } from '../torrent/zone.ts';
import { ValueError } from './value-error.ts';

/** The name of a zone as it was typed. Throws ValueError. */
export function readZone(text: string | undefined): Zone | undefined {
  if (text === undefined || isZone(text)) return text;
  throw new ValueError(
    `"${text}" is not a zone: expected 1 to 63 of the characters A-Z a-z 0-9 . _ -`,
  );
}
