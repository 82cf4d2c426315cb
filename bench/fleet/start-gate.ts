import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Program } from '../../test/lab/program.ts';
import type { Workplace } from '../../test/lab/workplace.ts';

/** Where the hosts wait, so that all of them can start in the same moment. */
export interface StartGate {
  /** A pipe. Who has opened it for reading says `waiting`, and starts when its end can be read. */
  readonly path: string;
  /** Resolves when a program waits here. */
  arrived(program: Program): Promise<void>;
  open(): Promise<void>;
}

export async function makeStartGate(place: Workplace): Promise<StartGate> {
  const path = join(place.folder, 'start-gate');
  await place.run(['mkfifo', path]);
  // Held at both ends: nobody waits for it to open, and its end comes when it is closed here.
  const pipe: FileHandle = await open(path, 'r+');
  place.defer(() => pipe.close());
  return {
    path,
    async arrived(program) {
      await program.line(/^waiting$/);
    },
    open: () => pipe.close(),
  };
}
