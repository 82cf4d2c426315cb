import { deleteBlob, getBlob } from './routes/blobs.ts';
import { collectGarbage } from './routes/garbage.ts';
import { getImages } from './routes/images.ts';
import { getCatalog, getTags } from './routes/listings.ts';
import { deleteManifest, getManifest, putManifest } from './routes/manifests.ts';
import { ping } from './routes/ping.ts';
import { getReferrers } from './routes/referrers.ts';
import { createRobot, listRobots, revokeRobot } from './routes/robots.ts';
import { getHealth, getHome, getMetrics, getReadiness } from './routes/status.ts';
import { getToken, postToken } from './routes/token.ts';
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
import type { Method } from './services.ts';

export interface Route {
  /** The class of these requests, in figures and in the log. */
  readonly name: string;
  /** Matches the decoded path; its named groups are the parts of the exchange. */
  readonly pattern: RegExp;
  readonly methods: Readonly<Record<string, Method>>;
}

/**
 * The whole HTTP face, and what each request must bring. A repository's name may hold any word of the API (`a/blobs/b`), so
 * OCI paths are told apart by their end: `(?<name>.+)` takes all that stands before. The first that matches counts.
 */
export const routes: readonly Route[] = [
  {
    name: 'ping',
    pattern: /^\/v2\/?$/,
    methods: { GET: { need: 'login', run: ping }, HEAD: { need: 'login', run: ping } },
  },
  {
    name: 'catalog',
    pattern: /^\/v2\/_catalog$/,
    methods: {
      GET: { need: 'catalog', run: getCatalog },
      HEAD: { need: 'catalog', run: getCatalog },
    },
  },
  {
    name: 'uploads',
    pattern: /^\/v2\/(?<name>.+)\/blobs\/uploads\/?$/,
    methods: { POST: { need: 'push', run: startUpload } },
  },
  {
    name: 'upload',
    pattern: /^\/v2\/(?<name>.+)\/blobs\/uploads\/(?<id>[^/]+)$/,
    methods: {
      GET: { need: 'push', run: getUpload },
      PATCH: { need: 'push', run: appendToUpload },
      PUT: { need: 'push', run: finishUpload },
      DELETE: { need: 'push', run: cancelUpload },
    },
  },
  {
    name: 'blob',
    pattern: /^\/v2\/(?<name>.+)\/blobs\/(?<digest>[^/]+)$/,
    methods: {
      GET: { need: 'seed', run: getBlob },
      HEAD: { need: 'seed', run: getBlob },
      DELETE: { need: 'delete', run: deleteBlob },
    },
  },
  {
    name: 'manifest',
    pattern: /^\/v2\/(?<name>.+)\/manifests\/(?<reference>[^/]+)$/,
    methods: {
      GET: { need: 'pull', run: getManifest },
      HEAD: { need: 'pull', run: getManifest },
      PUT: { need: 'push', run: putManifest },
      DELETE: { need: 'delete', run: deleteManifest },
    },
  },
  {
    name: 'tags',
    pattern: /^\/v2\/(?<name>.+)\/tags\/list$/,
    methods: { GET: { need: 'pull', run: getTags }, HEAD: { need: 'pull', run: getTags } },
  },
  {
    name: 'referrers',
    pattern: /^\/v2\/(?<name>.+)\/referrers\/(?<digest>[^/]+)$/,
    methods: {
      GET: { need: 'pull', run: getReferrers },
      HEAD: { need: 'pull', run: getReferrers },
    },
  },
  {
    name: 'torrent',
    pattern: /^\/v2\/(?<name>.+)\/_docket\/torrents\/(?<digest>[^/]+)$/,
    methods: { GET: { need: 'pull', run: getTorrent }, HEAD: { need: 'pull', run: getTorrent } },
  },
  {
    name: 'announce',
    pattern: /^\/announce$/,
    methods: {
      GET: { need: 'tracker', run: announce },
      POST: { need: 'tracker', run: announceBatch },
    },
  },
  {
    name: 'scrape',
    pattern: /^\/scrape$/,
    methods: { GET: { need: 'tracker', run: scrape } },
  },
  {
    name: 'token',
    pattern: /^\/token$/,
    methods: { GET: { need: 'nothing', run: getToken }, POST: { need: 'nothing', run: postToken } },
  },
  {
    name: 'robots',
    pattern: /^\/api\/v1\/tokens$/,
    methods: {
      GET: { need: 'admin', run: listRobots },
      POST: { need: 'admin', run: createRobot },
    },
  },
  {
    name: 'robot',
    pattern: /^\/api\/v1\/tokens\/(?<robot>[^/]+)$/,
    methods: { DELETE: { need: 'admin', run: revokeRobot } },
  },
  {
    name: 'images',
    pattern: /^\/api\/v1\/images$/,
    methods: { GET: { need: 'catalog', run: getImages } },
  },
  {
    name: 'verify',
    pattern: /^\/api\/v1\/verify$/,
    methods: {
      GET: { need: 'admin', run: getVerification },
      POST: { need: 'admin', run: startVerification },
      DELETE: { need: 'admin', run: cancelVerification },
    },
  },
  {
    name: 'gc',
    pattern: /^\/api\/v1\/gc$/,
    methods: { POST: { need: 'admin', run: collectGarbage } },
  },
  {
    name: 'health',
    pattern: /^\/healthz$/,
    methods: {
      GET: { need: 'nothing', run: getHealth },
      HEAD: { need: 'nothing', run: getHealth },
    },
  },
  {
    name: 'readiness',
    pattern: /^\/readyz$/,
    methods: {
      GET: { need: 'nothing', run: getReadiness },
      HEAD: { need: 'nothing', run: getReadiness },
    },
  },
  {
    name: 'metrics',
    pattern: /^\/metrics$/,
    methods: { GET: { need: 'figures', run: getMetrics } },
  },
  {
    name: 'home',
    pattern: /^\/$/,
    methods: { GET: { need: 'nothing', run: getHome }, HEAD: { need: 'nothing', run: getHome } },
  },
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
