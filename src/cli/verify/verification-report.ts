import { isJsonObject } from '../../oci/descriptor.ts';
import { CliError } from '../cli-error.ts';

/** Something that was found to be wrong. */
export interface ReportedContent {
  readonly kind: string;
  readonly digest: string;
  readonly size: number;
  readonly problem: string;
  readonly repositories: readonly string[];
  readonly healedFrom: string | null;
}

/** A verification, as `/api/v1/verify` tells of it. */
export interface VerificationReport {
  readonly state: string;
  readonly blobs: { readonly total: number; readonly checked: number };
  readonly bytes: { readonly total: number; readonly checked: number };
  readonly manifests: { readonly checked: number };
  readonly badCount: number;
  readonly healedCount: number;
  readonly bad: readonly ReportedContent[];
  readonly error: string | null;
}

/** Throws CliError REGISTRY_FAILED when it has another form. */
export function parseVerificationReport(bytes: Uint8Array): VerificationReport {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (isReport(value)) return value;
  } catch {
    // Not JSON: not a Docket registry either.
  }
  throw new CliError('REGISTRY_FAILED', 'the answer does not tell of a verification', {
    hint: 'Is it a Docket registry of this version that answers there?',
  });
}

function isReport(value: unknown): value is VerificationReport {
  return (
    isJsonObject(value) &&
    typeof value['state'] === 'string' &&
    [value['blobs'], value['bytes']].every((part) => hasNumbers(part, 'total', 'checked')) &&
    hasNumbers(value['manifests'], 'checked') &&
    hasNumbers(value, 'badCount', 'healedCount') &&
    Array.isArray(value['bad']) &&
    value['bad'].every(isContent)
  );
}

function isContent(value: unknown): value is ReportedContent {
  return (
    isJsonObject(value) &&
    ['kind', 'digest', 'problem'].every((key) => typeof value[key] === 'string') &&
    typeof value['size'] === 'number' &&
    Array.isArray(value['repositories'])
  );
}

function hasNumbers(value: unknown, ...keys: readonly string[]): boolean {
  return isJsonObject(value) && keys.every((key) => typeof value[key] === 'number');
}
