/** Text that may hold what a registry or engine said, without the characters that would steer the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, '');
}
