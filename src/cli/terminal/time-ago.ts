const steps = [
  { name: 'second', seconds: 1, below: 60 },
  { name: 'minute', seconds: 60, below: 3600 },
  { name: 'hour', seconds: 3600, below: 48 * 3600 },
  { name: 'day', seconds: 86_400, below: 14 * 86_400 },
  { name: 'week', seconds: 604_800, below: 61 * 86_400 },
  { name: 'month', seconds: 30 * 86_400, below: 730 * 86_400 },
  { name: 'year', seconds: 365 * 86_400, below: Infinity },
] as const;

/** `12 minutes ago`, for people. Both times in milliseconds since 1970; a time that is not known gives `-`. */
export function timeAgo(then: number, now: number): string {
  const seconds = Math.max(0, (now - then) / 1000);
  const step = steps.find(({ below }) => seconds < below);
  if (step === undefined) return '-';
  const count = Math.floor(seconds / step.seconds);
  if (step.name === 'second' && count < 5) return 'just now';
  return `${count} ${step.name}${count === 1 ? '' : 's'} ago`;
}
