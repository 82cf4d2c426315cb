import { deleteBlob, getBlob } from './routes/blobs.ts';
import { collectGarbage } from './routes/garbage.ts';
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
import { cancelVerification, getVerification, startVerification } from './routes/verify.ts';
import type { Handler } from './services.ts';

export interface Route {
  /** The class of these requests, in figures and in the log. */
  readonly name: string;
  /** Matches the decoded path; its named groups are the parts of the exchange. */
  readonly pattern: RegExp;
  readonly methods: Readonly<Record<string, Handler>>;
}

/**
 * The whole HTTP face. A repository's name may hold any word of the API (`a/blobs/b`), so OCI paths are told apart by
 * their end: `(?<name>.+)` takes all that stands before. The first that matches counts.
 */
const routes: readonly Route[] = [
  { name: 'ping', pattern: /^\/v2\/?$/, methods: { GET: ping, HEAD: ping } },
  { name: 'catalog', pattern: /^\/v2\/_catalog$/, methods: { GET: getCatalog, HEAD: getCatalog } },
  {
    name: 'uploads',
    pattern: /^\/v2\/(?<name>.+)\/blobs\/uploads\/?$/,
    methods: { POST: startUpload },
  },
  {
    name: 'upload',
    pattern: /^\/v2\/(?<name>.+)\/blobs\/uploads\/(?<id>[^/]+)$/,
    methods: { GET: getUpload, PATCH: appendToUpload, PUT: finishUpload, DELETE: cancelUpload },
  },
  {
    name: 'blob',
    pattern: /^\/v2\/(?<name>.+)\/blobs\/(?<digest>[^/]+)$/,
    methods: { GET: getBlob, HEAD: getBlob, DELETE: deleteBlob },
  },
  {
    name: 'manifest',
    pattern: /^\/v2\/(?<name>.+)\/manifests\/(?<reference>[^/]+)$/,
    methods: { GET: getManifest, HEAD: getManifest, PUT: putManifest, DELETE: deleteManifest },
  },
  {
    name: 'tags',
    pattern: /^\/v2\/(?<name>.+)\/tags\/list$/,
    methods: { GET: getTags, HEAD: getTags },
  },
  {
    name: 'referrers',
    pattern: /^\/v2\/(?<name>.+)\/referrers\/(?<digest>[^/]+)$/,
    methods: { GET: getReferrers, HEAD: getReferrers },
  },
  {
    name: 'torrent',
    pattern: /^\/v2\/(?<name>.+)\/_docket\/torrents\/(?<digest>[^/]+)$/,
    methods: { GET: getTorrent, HEAD: getTorrent },
  },
  { name: 'announce', pattern: /^\/announce$/, methods: { GET: announce, POST: announceBatch } },
  { name: 'scrape', pattern: /^\/scrape$/, methods: { GET: scrape } },
  { name: 'images', pattern: /^\/api\/v1\/images$/, methods: { GET: getImages } },
  {
    name: 'verify',
    pattern: /^\/api\/v1\/verify$/,
    methods: { GET: getVerification, POST: startVerification, DELETE: cancelVerification },
  },
  { name: 'gc', pattern: /^\/api\/v1\/gc$/, methods: { POST: collectGarbage } },
  { name: 'health', pattern: /^\/healthz$/, methods: { GET: getHealth, HEAD: getHealth } },
  { name: 'readiness', pattern: /^\/readyz$/, methods: { GET: getReadiness, HEAD: getReadiness } },
  { name: 'metrics', pattern: /^\/metrics$/, methods: { GET: getMetrics } },
  { name: 'home', pattern: /^\/$/, methods: { GET: getHome, HEAD: getHome } },
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
