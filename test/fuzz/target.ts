/** Something that takes bytes of strangers. */
export interface FuzzTarget {
  readonly name: string;
  /** Right inputs, of which others are made by damage; the corpus comes on top. */
  readonly seeds: readonly Uint8Array[];
  /** Throws, or rejects, when it finds a defect: not for wrong input, which it must refuse in its own way. */
  run(input: Uint8Array): void | Promise<void>;
}
