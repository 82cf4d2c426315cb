/**
 * Text that may hold what a registry or engine said, without the characters that would steer the terminal, or turn around what
 * stands beside them.
 */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '');
}
