/** What one run of the suite came to. */
export interface Summary {
  readonly passed: number;
  readonly failed: number;
  /** Not tried: switched off, or not supported by the registry. */
  readonly skipped: number;
  /** The tests that failed, with what was wrong. */
  readonly failures: readonly string[];
}

/** Reads what the suite prints; undefined when it did not come to its end. */
export function readSummary(output: string): Summary | undefined {
  const result = output.lastIndexOf('\nOCI Conformance Result: ');
  if (result === -1) return undefined;
  const counts = new Map<string, number>();
  for (const [, name = '', count] of output.slice(result).matchAll(/^ {2}(\w+)\.+: +(\d+)$/gm)) {
    if (!counts.has(name)) counts.set(name, Number(count));
  }
  const count = (...names: readonly string[]): number =>
    names.reduce((sum, name) => sum + (counts.get(name) ?? 0), 0);
  return {
    passed: count('Pass'),
    failed: count('FAIL', 'Error'),
    skipped: count('Disabled', 'Skip'),
    failures: failuresIn(output.slice(0, result)),
  };
}

/** The innermost tests that failed: a line `name: FAIL`, and below it ` - ` with what was wrong. */
function failuresIn(report: string): readonly string[] {
  const lines = report.split('\n');
  const failures: string[] = [];
  for (const [at, line] of lines.entries()) {
    const name = /^ *(.*): (?:FAIL|Error)$/.exec(line)?.[1];
    const reason = /^ *- (.*)$/.exec(lines[at + 1] ?? '')?.[1];
    if (name !== undefined && reason !== undefined) failures.push(`${name}: ${reason}`);
  }
  return failures;
}
