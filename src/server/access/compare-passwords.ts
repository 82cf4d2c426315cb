import { Worker } from 'node:worker_threads';

/** What the worker is asked. */
export interface Comparison {
  readonly id: number;
  readonly password: string;
  readonly hash: string;
}

/** What it answers. */
export interface Verdict {
  readonly id: number;
  readonly isSame: boolean;
}

interface Waiting {
  readonly resolve: (isSame: boolean) => void;
  readonly reject: (error: Error) => void;
}

/** Compares passwords with bcrypt hashes in a thread of its own, which is there from the first one on. */
export class PasswordComparer {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #last = 0;

  /** Rejects when the thread failed. */
  readonly compare = async (password: string, hash: string): Promise<boolean> => {
    const worker = (this.#worker ??= this.#start());
    const id = ++this.#last;
    return await new Promise<boolean>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, password, hash } satisfies Comparison);
    });
  };

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    // The same file from `src` and from `dist`.
    const name = `./password-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`;
    const worker = new Worker(new URL(name, import.meta.url));
    worker.unref();
    worker.on('message', ({ id, isSame }: Verdict) => {
      this.#waiting.get(id)?.resolve(isSame);
      this.#waiting.delete(id);
    });
    const fail = (error: Error): void => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    };
    worker.on('error', fail);
    worker.on('exit', () => fail(new Error('the thread that compares passwords ended')));
    return worker;
  }
}
