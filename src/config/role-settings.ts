import type { Settings } from './setting.ts';

/** What registry and agent have in common. */
export const roleSettings = {
  peerPort: {
    kind: 'port',
    flag: '--peer-port <port>',
    text: 'port for peers',
    otherwise: '6881, or a free one when that is taken',
  },
  peerBind: {
    kind: 'text',
    flag: '--peer-bind <address>',
    text: 'address to accept peers on',
    otherwise: 'all',
  },
  peersFrom: {
    kind: 'networks',
    flag: '--peers-from <network>',
    text:
      'a network that peers are in, like 10.0.0.0/8: others are neither dialled nor accepted; ' +
      'may be given several times',
    otherwise: 'all',
  },
  maxPeers: {
    kind: 'count',
    flag: '--max-peers <number>',
    text: 'most connections to peers',
    otherwise: '2000',
  },
  rate: {
    kind: 'rate',
    flag: '--rate <bytes/s>',
    text: 'limit of the link, each way, like 100MB/s',
    otherwise: 'none',
  },
  uploadRate: {
    kind: 'rate',
    flag: '--upload-rate <bytes/s>',
    text: 'limit of what is sent',
    otherwise: 'that of rate',
  },
  downloadRate: {
    kind: 'rate',
    flag: '--download-rate <bytes/s>',
    text: 'limit of what is received',
    otherwise: 'that of rate',
  },
  rateHours: {
    kind: 'rateHours',
    flag: '--rate-hours <hours>',
    text:
      'other limits for a part of the day, like "08:00-18:00 upload=10MB/s download=20MB/s"; ' +
      'may be given several times',
    otherwise: 'none',
  },
  logLevel: {
    kind: 'logLevel',
    flag: '--log-level <level>',
    text: 'what is logged to standard error: debug, info, warn, error or silent',
    default: 'info',
  },
  accessLog: {
    kind: 'boolean',
    flag: '--access-log <true|false>',
    text: 'whether each request gets a line in the log',
    default: true,
  },
  tracing: {
    kind: 'boolean',
    flag: '--tracing <true|false>',
    text: 'whether requests and transfers become OpenTelemetry spans, for the SDK that is brought along',
    default: false,
  },
} as const satisfies Settings;
