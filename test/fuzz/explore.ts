import * as fc from 'fast-check';
import { mutated } from '../mutations.ts';
import { corpusOf } from './corpus.ts';
import type { FuzzTarget } from './target.ts';

/** What came of trying inputs. */
export interface Outcome {
  readonly runs: number;
  /** The smallest input that was found to fail, and how. */
  readonly failure: { readonly input: Uint8Array; readonly error: unknown } | undefined;
}

/** Lengths and counts at which programs go wrong. */
const words = [
  0, 1, 2, 4, 5, 8, 9, 13, 127, 128, 255, 256, 16_383, 16_384, 16_385, 16_393, 16_394, 32_770,
  65_535, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff,
];

/** Inputs made of the target's seeds and its corpus: damaged, put together, with other numbers in them; and noise. */
export function inputsFor(target: FuzzTarget): fc.Arbitrary<Uint8Array> {
  const known = [...target.seeds, ...corpusOf(target.name).map(({ input }) => input)];
  const one = fc.constantFrom(...known);
  const joined = fc
    .tuple(one, one, fc.nat(2_000), fc.nat(2_000))
    .map(([head, tail, end, begin]) =>
      Buffer.concat([
        head.subarray(0, end % (head.length + 1)),
        tail.subarray(begin % (tail.length + 1)),
      ]),
    );
  const renumbered = fc
    .tuple(one, fc.array(fc.tuple(fc.nat(2_000), fc.constantFrom(...words)), { maxLength: 3 }))
    .map(([bytes, changes]) => {
      const changed = Buffer.from(bytes);
      for (const [at, word] of changes)
        if (changed.length >= 4) changed.writeUInt32BE(word, at % (changed.length - 3));
      return changed;
    });
  const noise = fc.uint8Array({ maxLength: 300 });
  return fc.oneof(mutated(one), mutated(joined), joined, renumbered, mutated(renumbered), noise);
}

/** Tries inputs for so many milliseconds, or as many as given; the same ones for the same seed. */
export async function explore(
  target: FuzzTarget,
  limits: { readonly seed: number; readonly milliseconds: number; readonly runs?: number },
): Promise<Outcome> {
  const property = fc.asyncProperty(inputsFor(target), async (input) => {
    await target.run(input);
  });
  const details = await fc.check(property, {
    seed: limits.seed,
    numRuns: limits.runs ?? 1_000_000_000,
    interruptAfterTimeLimit: limits.milliseconds,
    markInterruptAsFailure: false,
  });
  const [input] = details.counterexample ?? [];
  return {
    runs: details.numRuns,
    failure:
      details.failed && input !== undefined ? { input, error: details.errorInstance } : undefined,
  };
}
