import * as fc from 'fast-check';

/** How often each property is tried: few times by default, many with `FUZZ_RUNS=100000 npm test`. */
export const fuzzRuns = Number(process.env['FUZZ_RUNS'] ?? 300);

const mutation = fc.oneof(
  fc.record({ kind: fc.constant('set'), at: fc.nat(), byte: fc.nat(255) }),
  fc.record({ kind: fc.constant('insert'), at: fc.nat(), byte: fc.nat(255) }),
  fc.record({ kind: fc.constant('delete'), at: fc.nat(), byte: fc.nat(255) }),
  fc.record({ kind: fc.constant('cut'), at: fc.nat(), byte: fc.nat(255) }),
  // The bytes that mean something are drawn far more often than chance would have it.
  fc.record({
    kind: fc.constantFrom('set', 'insert'),
    at: fc.nat(),
    byte: fc.constantFrom(...Buffer.from('0123456789ilde:-%&=')),
  }),
);

/** The bytes that `original` draws, damaged in one to six places. */
export function mutated(original: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(original, fc.array(mutation, { minLength: 1, maxLength: 6 }))
    .map(([bytes, mutations]) => {
      let result = Array.from(bytes);
      for (const { kind, at, byte } of mutations) {
        const place = result.length === 0 ? 0 : at % result.length;
        if (kind === 'cut') result = result.slice(0, place);
        else result.splice(place, kind === 'insert' ? 0 : 1, ...(kind === 'delete' ? [] : [byte]));
      }
      return Uint8Array.from(result);
    });
}

/** Whatever `decode` does with the bytes, it may only throw an error that `isExpected`. */
export function survives(
  original: fc.Arbitrary<Uint8Array>,
  decode: (bytes: Uint8Array) => unknown,
  isExpected: (error: unknown) => boolean,
): void {
  const bytes = fc.oneof(mutated(original), fc.uint8Array({ maxLength: 200 }));
  fc.assert(
    fc.property(bytes, (input) => {
      try {
        decode(input);
      } catch (error) {
        if (!isExpected(error)) throw error;
      }
    }),
    { numRuns: fuzzRuns },
  );
}
