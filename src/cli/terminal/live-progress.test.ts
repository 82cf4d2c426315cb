import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'node:test';
import { createLiveProgress } from './live-progress.ts';
import { createProgress } from './create-progress.ts';

/** A terminal that understands what the progress writes, and keeps the lines that stand on it. */
class Screen {
  readonly isTTY = true;
  readonly columns = 40;
  lines: string[] = [''];

  write(text: string): void {
    for (const part of text.replaceAll('\u001B', '^').split(/(\^\[\d*F|\^\[J|\n|\r)/)) {
      const up = /^\^\[(\d+)F$/.exec(part)?.[1];
      if (up !== undefined) this.lines.length -= Number(up);
      else if (part === '^[J') this.lines[this.lines.length - 1] = '';
      else if (part === '\n') this.lines.push('');
      else if (part !== '\r') this.lines[this.lines.length - 1] += part;
    }
    for (const line of this.lines) assert.ok(line.length < this.columns, line);
  }
}

test('what ended stays, what is under way is drawn anew, and nothing else is left at the end', async () => {
  const screen = new Screen();
  const progress = createLiveProgress(screen);
  progress.note('begins');
  const one = progress.line('one');
  const two = progress.line('two');
  one.update({
    status: 'Pulling',
    done: 5,
    total: 10,
    detail: 'a detail longer than the screen is wide',
  });
  progress.total('total: 5');
  await delay(150);
  assert.deepEqual(
    screen.lines.map((line) => line.slice(0, 12)),
    ['begins', 'one: Pulling', 'two: Waiting', 'total: 5', ''],
  );
  two.finish('done');
  await delay(150);
  assert.deepEqual(
    screen.lines.map((line) => line.slice(0, 12)),
    ['begins', 'two: done', 'one: Pulling', 'total: 5', ''],
  );
  progress.aside(() => screen.write('data\n'));
  await delay(150);
  one.finish('done');
  progress.close();
  assert.deepEqual(screen.lines, ['begins', 'two: done', 'data', 'one: done', '']);
});

test('no escape sequences are written where lines cannot be drawn anew', () => {
  for (const [isTTY, env] of [
    [false, {}],
    [true, { CI: 'true' }],
    [true, { TERM: 'dumb' }],
  ] as const) {
    let text = '';
    const terminal = { isTTY, write: (more: string) => (text += more) };
    const progress = createProgress(terminal, env, false);
    const line = progress.line('layer');
    line.update({ status: 'Pulling', done: 1, total: 2 });
    progress.total('total');
    line.finish('Pull complete');
    progress.close();
    assert.equal(text, 'layer: Pull complete\n');
  }
});

test('a terminal of no columns is taken as one of 80, and lines that stay are never cut', async () => {
  let text = '';
  const progress = createLiveProgress({ isTTY: true, columns: 0, write: (more) => (text += more) });
  const long = `Pulling ${'x'.repeat(300)} (sha256:abc)`;
  progress.note(long);
  progress.line('layer').update({ status: 'Pulling', detail: 'whole' });
  progress.total('y'.repeat(100));
  await delay(150);
  progress.close();
  const lines = text.split('\n');
  assert.equal(lines[0], long);
  assert.equal(lines[1], 'layer: Pulling  whole');
  assert.equal(lines[2], 'y'.repeat(79));
});
