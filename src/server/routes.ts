import { deleteBlob, getBlob } from './routes/blobs.ts';
import { getImages } from './routes/images.ts';
import { getCatalog, getTags } from './routes/listings.ts';
import { deleteManifest, getManifest, putManifest } from './routes/manifests.ts';
import { ping } from './routes/ping.ts';
import { getReferrers } from './routes/referrers.ts';
import { getHealth, getHome, getMetrics, getReadiness } from './routes/status.ts';
import { getTorrent } from './routes/torrents.ts';
import { announce, announceBatch, scrape } from './routes/tracker.ts';
import {
  appendToUpload,
  cancelUpload,
  finishUpload,
  getUpload,
  startUpload,
} from './routes/uploads.ts';
import type { Handler } from './services.ts';

export interface Route {
  /** Matches the decoded path; its named groups are the parts of the exchange. */
  readonly pattern: RegExp;
  readonly methods: Readonly<Record<string, Handler>>;
}

/**
 * The whole HTTP face. A repository's name may hold any word of the API (`a/blobs/b`), so OCI paths are told apart by
 * their end: `(?<name>.+)` takes all that stands before. The first that matches counts.
 */
const routes: readonly Route[] = [
  { pattern: /^\/v2\/?$/, methods: { GET: ping, HEAD: ping } },
  { pattern: /^\/v2\/_catalog$/, methods: { GET: getCatalog, HEAD: getCatalog } },
  { pattern: /^\/v2\/(?<name>.+)\/blobs\/uploads\/?$/, methods: { POST: startUpload } },
  {
    pattern: /^\/v2\/(?<name>.+)\/blobs\/uploads\/(?<id>[^/]+)$/,
    methods: { GET: getUpload, PATCH: appendToUpload, PUT: finishUpload, DELETE: cancelUpload },
  },
  {
    pattern: /^\/v2\/(?<name>.+)\/blobs\/(?<digest>[^/]+)$/,
    methods: { GET: getBlob, HEAD: getBlob, DELETE: deleteBlob },
  },
  {
    pattern: /^\/v2\/(?<name>.+)\/manifests\/(?<reference>[^/]+)$/,
    methods: { GET: getManifest, HEAD: getManifest, PUT: putManifest, DELETE: deleteManifest },
  },
  { pattern: /^\/v2\/(?<name>.+)\/tags\/list$/, methods: { GET: getTags, HEAD: getTags } },
  {
    pattern: /^\/v2\/(?<name>.+)\/referrers\/(?<digest>[^/]+)$/,
    methods: { GET: getReferrers, HEAD: getReferrers },
  },
  {
    pattern: /^\/v2\/(?<name>.+)\/_docket\/torrents\/(?<digest>[^/]+)$/,
    methods: { GET: getTorrent, HEAD: getTorrent },
  },
  { pattern: /^\/announce$/, methods: { GET: announce, POST: announceBatch } },
  { pattern: /^\/scrape$/, methods: { GET: scrape } },
  { pattern: /^\/api\/v1\/images$/, methods: { GET: getImages } },
  { pattern: /^\/healthz$/, methods: { GET: getHealth, HEAD: getHealth } },
  { pattern: /^\/readyz$/, methods: { GET: getReadiness, HEAD: getReadiness } },
  { pattern: /^\/metrics$/, methods: { GET: getMetrics } },
  { pattern: /^\/$/, methods: { GET: getHome, HEAD: getHome } },
];

/** The route of a decoded path, with the parts it names; undefined when there is none. */
export function findRoute(
  path: string,
): { readonly route: Route; readonly parts: Readonly<Record<string, string>> } | undefined {
  for (const route of routes) {
    const match = route.pattern.exec(path);
    if (match !== null) return { route, parts: { ...match.groups } };
  }
  return undefined;
}
