const width = 720;
const height = 360;
const margin = 48;
const ticks = 5;

/** An SVG of how many hosts were complete when. `times` are sorted; they and `bound` are in seconds. */
export function completionCurve(times: readonly number[], hosts: number, bound: number): string {
  const end = Math.max(bound, times.at(-1) ?? 0) * 1.05;
  const x = (seconds: number): string =>
    (margin + (seconds / end) * (width - 2 * margin)).toFixed(1);
  const y = (count: number): string =>
    (height - margin - (count / hosts) * (height - 2 * margin)).toFixed(1);
  const points = [`${x(0)},${y(0)}`];
  // A point for each pixel is all that can be seen.
  const stride = Math.max(1, Math.floor(times.length / width));
  for (const [index, seconds] of times.entries())
    if (index % stride === 0 || index === times.length - 1)
      points.push(`${x(seconds)},${y(index + 1)}`);
  const steps = Array.from({ length: ticks + 1 }, (_, index) => index / ticks);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...steps.map((step) =>
      label(x(step * end), y(0), 18, 'middle', `${(step * end).toFixed(1)} s`),
    ),
    ...steps.map((step) => label(x(0), y(step * hosts), 4, 'end', `${Math.round(step * hosts)} `)),
    `<path d="M${x(0)},${y(hosts)}V${y(0)}H${x(end)}" fill="none" stroke="#888"/>`,
    `<path d="M${x(bound)},${y(0)}V${y(hosts)}" stroke="#c33" stroke-dasharray="4 4"/>`,
    label(x(bound), y(hosts), -6, 'middle', 'bound'),
    `<polyline points="${points.join(' ')}" fill="none" stroke="#06c" stroke-width="2"/>`,
    '</svg>\n',
  ].join('\n');
}

function label(x: string, y: string, down: number, anchor: string, text: string): string {
  return `<text x="${x}" y="${y}" dy="${down}" text-anchor="${anchor}">${text}</text>`;
}
