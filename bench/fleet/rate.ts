import { parseBytes, UnitError } from '../../src/base/units.ts';

const bitUnits: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 };

/** Bytes a second of `100mbit`, `1.5gbit` (as tc writes it), or of `12.5MB` and the like. Throws UnitError. */
export function parseRate(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([kmg]?)bit$/i.exec(text.trim());
  if (match !== null) {
    return Math.round((Number(match[1]) * (bitUnits[(match[2] ?? '').toLowerCase()] ?? 1)) / 8);
  }
  try {
    return parseBytes(text);
  } catch {
    const message = `"${text}" is not a rate; write it as 100mbit, or as 12.5MB for bytes a second`;
    throw new UnitError(message);
  }
}

/** The rate as tc takes it. */
export function tcRate(bytesPerSecond: number): string {
  return `${Math.round(bytesPerSecond * 8)}bit`;
}

/** `100 Mbit/s`, for people. */
export function formatRate(bytesPerSecond: number): string {
  const bits = bytesPerSecond * 8;
  const [unit, value] = bits >= 1e9 ? ['Gbit/s', bits / 1e9] : ['Mbit/s', bits / 1e6];
  return `${Number(value.toPrecision(3))} ${unit}`;
}
