import type { Readable } from 'node:stream';
import { ReadStream } from 'node:tty';
import { abortable } from '../../base/abortable.ts';
import type { ProgressTerminal } from '../terminal/progress.ts';

const longest = 16 * 1024;

/** A password: asked for without being shown on a terminal, else all of the input but its last line break. */
export async function readPassword(
  input: Readable & { readonly isTTY?: boolean },
  output: ProgressTerminal,
  signal: AbortSignal,
): Promise<string> {
  if (!(input instanceof ReadStream)) return await abortable(readAll(input), signal);
  output.write('Password: ');
  input.setRawMode(true);
  try {
    return await abortable(readHidden(input), signal);
  } finally {
    input.setRawMode(false);
    input.pause();
    output.write('\n');
  }
}

async function readAll(input: Readable): Promise<string> {
  let text = '';
  for await (const chunk of input) {
    text += String(chunk);
    if (text.length > longest) break;
  }
  return text.replace(/\r?\n$/, '');
}

async function readHidden(input: ReadStream): Promise<string> {
  let text = '';
  for await (const chunk of input.iterator({ destroyOnReturn: false })) {
    for (const character of String(chunk)) {
      if (character === '\r' || character === '\n' || character === '\u0004') return text;
      // In this mode the terminal sends no signal.
      if (character === '\u0003') {
        process.kill(process.pid, 'SIGINT');
        return '';
      }
      if (character === '\u007f' || character === '\b') text = text.slice(0, -1);
      else text += character;
    }
  }
  return text;
}
