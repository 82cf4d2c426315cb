import type { VerificationStatus } from './verification.ts';

/** A verification as it is told to programs: times are ISO 8601, what is not there is null. */
export function verificationJson(status: VerificationStatus): object {
  const time = (at: number | undefined): string | null =>
    at === undefined ? null : new Date(at).toISOString();
  return {
    ...status,
    startedAt: time(status.startedAt),
    endedAt: time(status.endedAt),
    bad: status.bad.map((bad) => ({ ...bad, healedFrom: bad.healedFrom ?? null })),
    error: status.error ?? null,
  };
}
