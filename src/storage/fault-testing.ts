import { systemFiles, type Files, type OpenFile } from './files.ts';

/**
 * How a step fails: this once; for want of room until `heal`; with all that follow, as if the process had ended before it; or
 * with the process itself.
 */
export type FaultKind = 'error' | 'full' | 'dead' | 'kill';

/** What a step does to a disk: nothing, a change, or one that takes room. */
export type Effect = 'none' | 'change' | 'room';

/** For tests: counts the steps that a disk and a database are asked for, and makes one of them fail. */
export class FaultPlan {
  readonly #kind: FaultKind;
  readonly #at: number;
  #isHealed = false;
  /** Steps so far, and their names. */
  readonly steps: string[] = [];

  /** The step number `at`, counted from 1, fails. */
  constructor(kind: FaultKind, at: number) {
    this.#kind = kind;
    this.#at = at;
  }

  get wasMet(): boolean {
    return this.steps.length >= this.#at;
  }

  /** Nothing fails any more. */
  heal(): void {
    this.#isHealed = true;
  }

  /** To be called before each step; throws in its stead. */
  before(name: string, effect: Effect): void {
    if (this.#isHealed) return;
    // A process that ends before such a step leaves what one leaves that ends before the next change.
    if (effect === 'none' && (this.#kind === 'dead' || this.#kind === 'kill') && !this.wasMet)
      return;
    if (effect !== 'room' && this.#kind === 'full') return;
    this.steps.push(name);
    const isAt = this.steps.length === this.#at;
    if (!this.wasMet || (this.#kind === 'error' && !isAt)) return;
    if (this.#kind === 'kill') process.kill(process.pid, 'SIGKILL');
    throw failure(this.#kind, name);
  }
}

/** As the system and SQLite tell it. */
function failure(kind: FaultKind, name: string): Error {
  const [code, errcode] = kind === 'full' ? ['ENOSPC', 13] : ['EIO', 10];
  return Object.assign(new Error(`${code}: made to fail at ${name}`), { code, errcode });
}

/** Files whose steps go by the plan. A write that fails may have written a part. */
export function faultyFiles(plan: FaultPlan, files: Files = systemFiles): Files {
  return {
    async open(path, flags, mode) {
      plan.before(`open ${flags}`, flags.startsWith('w') ? 'room' : 'none');
      return faultyFile(plan, await files.open(path, flags, mode));
    },
    async mkdir(path, mode) {
      plan.before('mkdir', 'room');
      await files.mkdir(path, mode);
    },
    async rename(from, to) {
      plan.before('rename', 'room');
      await files.rename(from, to);
    },
    async rm(path, options) {
      plan.before('rm', 'change');
      await files.rm(path, options);
    },
    async stat(path) {
      plan.before('stat', 'none');
      return await files.stat(path);
    },
    async *list(path) {
      plan.before('list', 'none');
      yield* files.list(path);
    },
    async readText(path) {
      plan.before('readText', 'none');
      return await files.readText(path);
    },
    async room(path) {
      plan.before('room', 'none');
      return await files.room(path);
    },
    expectWritable: (folder) => files.expectWritable(folder),
  };
}

function faultyFile(plan: FaultPlan, file: OpenFile): OpenFile {
  const close = async (): Promise<void> => {
    // A close that fails closes all the same.
    await file.close();
    plan.before('close', 'none');
  };
  return {
    async read(into, offset, length, position) {
      plan.before('read', 'none');
      return await file.read(into, offset, length, position);
    },
    async write(bytes, offset, length, position) {
      try {
        plan.before('write', 'room');
      } catch (error) {
        await file.write(bytes, offset, Math.floor(length / 2), position);
        throw error;
      }
      return await file.write(bytes, offset, length, position);
    },
    async truncate(length) {
      plan.before('truncate', 'change');
      await file.truncate(length);
    },
    async sync() {
      plan.before('sync', 'change');
      await file.sync();
    },
    async datasync() {
      plan.before('datasync', 'room');
      await file.datasync();
    },
    async stat() {
      plan.before('fstat', 'none');
      return await file.stat();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** For `openSqliteCatalog`: its statements go by the plan. */
export function faultyStatements(plan: FaultPlan): (text: string) => void {
  return (text) => {
    const word = text.split(' ', 1)[0] ?? '';
    plan.before(`sql ${word}`, word === 'select' || word === 'rollback' ? 'none' : 'room');
  };
}
