import { roleSettings } from './role-settings.ts';
import type { Settings, ValuesOf } from './setting.ts';

/** All that `docket registry` can be told. */
export const registrySettings = {
  bind: {
    kind: 'text',
    flag: '--bind <address>',
    text: 'address to accept requests on',
    default: '0.0.0.0',
  },
  port: {
    kind: 'port',
    flag: '-p, --port <port>',
    text: 'port to accept requests on; 0 takes a free one',
    default: 8000,
  },
  location: {
    kind: 'text',
    flag: '-l, --location <folder>',
    text: 'folder for all that is kept',
    default: '/var/local/docket',
  },
  storage: {
    kind: 'storage',
    flag: '--storage <s3://bucket/prefix>',
    text:
      'keep blobs in an S3-compatible store instead of the folder; options of it as a query, like ' +
      's3://bucket/prefix?endpoint=https://s3.example:9000',
    otherwise: 'blobs are in the folder',
  },
  advertise: {
    kind: 'text',
    flag: '--advertise <host>',
    text: 'the host by which others reach this registry',
    otherwise: 'the one by which they came',
  },
  tracker: {
    kind: 'trackers',
    flag: '-t, --tracker <host:port>',
    text:
      'use this tracker (also udp://HOST:PORT or an announce URL) instead of the built-in one; ' +
      'further ones stand in when those before do not answer',
    otherwise: 'the built-in one',
  },
  trackerWhitelist: {
    kind: 'text',
    flag: '--tracker-whitelist <file>',
    text: "write the torrents' info hashes to this file, for a tracker that wants such a list",
  },
  trackerReload: {
    kind: 'text',
    flag: '--tracker-reload <command>',
    text: 'run this after the whitelist has changed',
  },
  udpPort: {
    kind: 'port',
    flag: '--udp-port <port>',
    text: 'UDP port of the built-in tracker',
    otherwise: 'the same as -p, or none when that is taken',
  },
  auth: {
    kind: 'access',
    flag: '--auth <file>',
    text: 'who is let in, and may what: a file of users (htpasswd -B), or of rules',
    otherwise: 'everybody may everything',
  },
  auditLog: {
    kind: 'text',
    flag: '--audit-log <file>',
    text: 'write a line of JSON for each change to this file',
    otherwise: 'audit.jsonl in the folder with --auth, else none',
  },
  tlsCert: {
    kind: 'text',
    flag: '--tls-cert <file>',
    text: 'the certificate, with those between it and the root: requests come over TLS',
    otherwise: 'plain HTTP',
  },
  tlsKey: {
    kind: 'text',
    flag: '--tls-key <file>',
    text: "the certificate's key",
  },
  tlsClientCa: {
    kind: 'text',
    flag: '--tls-client-ca <file>',
    text: 'let in only clients with a certificate of one of these authorities',
    otherwise: 'clients need none',
  },
  deletes: {
    kind: 'boolean',
    flag: '--deletes <true|false>',
    text: 'whether blobs, manifests and tags can be deleted over HTTP',
    default: true,
  },
  sparse: {
    kind: 'boolean',
    flag: '--sparse <true|false>',
    text: 'take manifests although blobs or manifests that they name are lacking, as of an index of which only some platforms are kept',
    default: false,
  },
  mustExist: {
    kind: 'boolean',
    flag: '--must-exist <true|false>',
    text: 'start only when the folder holds a registry already, not on a mount point whose volume is missing',
    default: false,
  },
  webhooks: {
    kind: 'webhooks',
    text: 'who is told of pushes and deletes over HTTP',
    otherwise: 'nobody',
  },
  gcInterval: {
    kind: 'duration',
    flag: '--gc-interval <time>',
    text: 'between two garbage collections; 0: only when it is asked for by docket gc',
    default: '1d',
  },
  gcGrace: {
    kind: 'duration',
    flag: '--gc-grace <time>',
    text: 'how long everything stays after it was last pushed, asked for or pointed to',
    default: '7d',
  },
  retention: {
    kind: 'retention',
    text: 'which tags, and which manifests without a tag, stay: the first rule that matches a repository counts',
    otherwise: 'all tags, and the rest for the grace',
  },
  shutdownDelay: {
    kind: 'duration',
    flag: '--shutdown-delay <time>',
    text: 'between being told to end, when it stops being ready, and accepting no more requests, like 10s',
    otherwise: 'none',
  },
  ...roleSettings,
} as const satisfies Settings;

/** What `docket registry` was told. */
export type RegistryValues = ValuesOf<typeof registrySettings>;
