import type { RateLimiter } from '../base/rate-limiter.ts';

/** What goes over the registry's HTTP face: the link it shares with the swarm, and the bytes of blobs so far. */
export class Traffic {
  readonly upload: RateLimiter;
  readonly download: RateLimiter;
  sent = 0;
  received = 0;
  /** Requests to the tracker over HTTP. */
  announces = 0;

  constructor(upload: RateLimiter, download: RateLimiter) {
    this.upload = upload;
    this.download = download;
  }
}
