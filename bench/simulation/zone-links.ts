import type { Link } from './link.ts';

/** The one link between a zone and the rest, each way. */
export interface ZoneLinks {
  readonly out: Link;
  readonly in: Link;
}
