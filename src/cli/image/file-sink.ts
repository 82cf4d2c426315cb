import { stat } from 'node:fs/promises';
import path from 'node:path';
import { CliError } from '../cli-error.ts';
import { reasonOf } from '../folder-failure.ts';
import type { ImageSink, PulledImage } from './image-sink.ts';
import { imageTar } from './image-tar.ts';
import { proveWritable, writeFileWhole } from './write-file.ts';

/** Writes images as a tar that every engine loads. */
export class FileSink implements ImageSink {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /** Makes sure, before anything is pulled, that the file can be written. Throws CliError FOLDER_UNUSABLE. */
  static async open(file: string): Promise<FileSink> {
    const folder = path.dirname(path.resolve(file));
    try {
      if (!(await stat(folder)).isDirectory()) throw new Error(`${folder} is not a folder`);
      await proveWritable(folder);
      // The new file would take the place of a device such as /dev/null, for all programs.
      const present = await stat(file).catch(() => undefined);
      if (present?.isFile() === false) throw new Error('it is there, and no file');
    } catch (error) {
      throw new CliError('FOLDER_UNUSABLE', `${file} cannot be written: ${reasonOf(error)}`, {
        cause: error,
        hint: 'Name a file in a folder that is there and that you may write to.',
      });
    }
    return new FileSink(file);
  }

  async has(): Promise<boolean> {
    return false;
  }

  async write(image: PulledImage, signal: AbortSignal): Promise<string> {
    await writeFileWhole(this.#file, imageTar(image), signal);
    return `Written to ${this.#file}`;
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}
