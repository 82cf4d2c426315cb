import { formatBytes, formatDuration } from '../../base/units.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import { rateText } from '../terminal/rate-meter.ts';
import type { Progress } from '../terminal/progress.ts';
import { shortDigest } from '../terminal/short-digest.ts';
import type { FetchProgress } from './blob-source.ts';

/** One blob's line while it is pulled. */
export interface BlobLine {
  update(progress: FetchProgress): void;
  done(): void;
}

/** Shows the blobs of a pull, and a line that sums them up. */
export class PullProgress {
  readonly #progress: Progress;
  readonly #total: number;
  readonly #states = new Map<string, FetchProgress>();

  /** `total`: bytes of all blobs. */
  constructor(progress: Progress, total: number) {
    this.#progress = progress;
    this.#total = total;
  }

  line(blob: Descriptor): BlobLine {
    const line = this.#progress.line(shortDigest(blob.digest));
    const began = performance.now();
    return {
      update: (state) => {
        this.#states.set(blob.digest, state);
        const done = state.verified;
        const detail = detailOf(state, blob.size);
        line.update({ status: 'Pulling', done, total: blob.size, detail });
        this.#showTotal();
      },
      done: () => {
        const state = this.#states.get(blob.digest);
        if (state !== undefined) {
          this.#states.set(blob.digest, { ...state, verified: blob.size, rate: 0, peers: 0 });
        }
        this.#showTotal();
        const took = formatDuration(performance.now() - began);
        line.finish(`Pull complete  ${formatBytes(blob.size)} in ${took}${originOf(state)}`);
      },
    };
  }

  #showTotal(): void {
    const states = [...this.#states.values()];
    const sum = (key: 'verified' | 'rate' | 'piecesVerified' | 'pieceCount'): number =>
      states.reduce((all, state) => all + state[key], 0);
    const peers = Math.max(0, ...states.map((state) => state.peers));
    const done = sum('verified');
    const parts = [
      `Total: ${formatBytes(done)}/${formatBytes(this.#total)}`,
      piecesText(sum('piecesVerified'), sum('pieceCount')),
      peersText(peers),
      rateText(sum('rate'), this.#total - done),
    ];
    this.#progress.total(parts.filter((part) => part !== '').join('  '));
  }
}

function detailOf(state: FetchProgress, size: number): string {
  return [
    piecesText(state.piecesVerified, state.pieceCount),
    peersText(state.peers),
    rateText(state.rate, size - state.verified),
  ]
    .filter((part) => part !== '')
    .join('  ');
}

function piecesText(verified: number, count: number): string {
  return count === 0 ? '' : `${verified}/${count} pieces`;
}

function peersText(peers: number): string {
  return peers === 0 ? '' : `${peers} peer${peers === 1 ? '' : 's'}`;
}

function originOf(state: FetchProgress | undefined): string {
  const bytes = state?.bytesFromPeers ?? 0;
  return bytes === 0 ? '' : `  (${formatBytes(bytes)} from peers)`;
}
