/** A blob of an image, in a file. */
export interface LabBlob {
  readonly digest: string;
  readonly size: number;
  readonly path: string;
}
