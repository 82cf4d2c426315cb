/**
 * The costs of small things that are done often: `npm run bench:micro [-- NAME… --seconds 1 --json]`. A NAME is a part of
 * the names to measure.
 */
import { parseArgs } from 'node:util';
import { bencodeMicros } from './bencode.ts';
import { measure } from './harness.ts';
import { pickerMicros } from './picker.ts';
import { verifyMicros } from './verify.ts';
import { wireMicros } from './wire.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});

const micros = [...bencodeMicros(), ...wireMicros(), ...pickerMicros(), ...verifyMicros()];
const chosen = micros.filter(
  ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
);
const results = chosen.map((micro) => {
  const result = measure(micro, Number(values.seconds));
  if (!values.json) {
    const figure = Math.round(result.perSecond).toLocaleString('en');
    console.log(`${result.name.padEnd(60)} ${figure.padStart(14)} ${result.unit}/s`);
  }
  return result;
});
if (values.json) console.log(JSON.stringify({ results }));
