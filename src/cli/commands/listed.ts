/** For an option that may be given several times, each time with one value or several, with spaces or commas between. */
export function listed(text: string, before: readonly string[]): readonly string[] {
  return [...before, ...text.split(/[\s,]+/).filter((part) => part !== '')];
}
