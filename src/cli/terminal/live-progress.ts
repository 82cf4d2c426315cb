import { formatBytes } from '../../base/units.ts';
import type { Progress, ProgressTerminal } from './progress.ts';

type State = {
  readonly status: string;
  readonly done?: number;
  readonly total?: number;
  readonly detail?: string;
};

const redrawInterval = 100;
const barWidth = 24;
const mostColumns = 200;
/** A pseudo-terminal may say that it has none. */
const usualColumns = 80;
/** Cursor up `n` lines to the first column, and erase all that follows. */
const eraseLines = (lines: number): string =>
  lines === 0 ? '\r\u001B[J' : `\u001B[${lines}F\u001B[J`;

/**
 * Lines with bars that are drawn anew in place, as docker draws them. What has ended moves up and stays; only what is
 * under way is drawn again, so that any number of layers fits on any screen.
 */
export function createLiveProgress(terminal: ProgressTerminal): Progress {
  const active = new Map<object, { readonly name: string; state: State }>();
  let ended: string[] = [];
  let total = '';
  let drawn = 0;
  let dirty = false;

  const draw = (): void => {
    if (!dirty) return;
    dirty = false;
    const width = Math.min(terminal.columns || usualColumns, mostColumns) - 1;
    const lines = [...active.values()].map(({ name, state }) => renderLine(name, state));
    if (total !== '') lines.push(total);
    // Only what is to be erased again must be one line on the screen.
    const cut = lines.map((line) => line.slice(0, width));
    const text = [...ended, ...cut].map((line) => `${line}\n`).join('');
    terminal.write(`${drawn === 0 ? '' : eraseLines(drawn)}${text}`);
    drawn = lines.length;
    ended = [];
  };
  const timer = setInterval(draw, redrawInterval);
  timer.unref();
  const change = (): void => {
    dirty = true;
  };

  return {
    line(name) {
      const key = {};
      active.set(key, { name, state: { status: 'Waiting' } });
      change();
      return {
        update(state) {
          if (!active.has(key)) return;
          active.set(key, { name, state });
          change();
        },
        finish(status) {
          if (!active.delete(key)) return;
          ended.push(`${name}: ${status}`);
          change();
        },
        drop() {
          if (active.delete(key)) change();
        },
      };
    },
    total(text) {
      total = text;
      change();
    },
    note(text) {
      ended.push(text);
      change();
    },
    aside(write) {
      const lines = ended.map((line) => `${line}\n`).join('');
      terminal.write(`${drawn === 0 ? '' : eraseLines(drawn)}${lines}`);
      drawn = 0;
      ended = [];
      write();
      change();
    },
    close() {
      clearInterval(timer);
      total = '';
      dirty = drawn > 0 || ended.length > 0;
      active.clear();
      draw();
    },
  };
}

function renderLine(name: string, { status, done, total, detail }: State): string {
  const parts = [`${name}: ${status}`];
  if (done !== undefined && total !== undefined && total > 0) {
    const filled = Math.min(barWidth, Math.floor((done / total) * barWidth));
    const head = filled < barWidth ? '>' : '';
    parts.push(`[${`${'='.repeat(filled)}${head}`.padEnd(barWidth)}]`);
    parts.push(`${formatBytes(done)}/${formatBytes(total)}`);
  } else if (done !== undefined) {
    parts.push(formatBytes(done));
  }
  if (detail !== undefined && detail !== '') parts.push(detail);
  return parts.join('  ');
}
