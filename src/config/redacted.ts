import { hidden, redact } from '../base/redact.ts';

/** Keys whose values nobody may see. */
const secretKeys: ReadonlySet<string> = new Set([
  'secret',
  'token',
  'password',
  'headers',
  'secretAccessKey',
]);

/** A value as it was written, without its secrets: those of secret keys, and passwords in URLs. */
export function redacted(value: unknown): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map(redacted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      secretKeys.has(key) ? hidden : redacted(inner),
    ]),
  );
}
