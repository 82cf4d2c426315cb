import { roleSettings } from './role-settings.ts';
import type { Settings } from './setting.ts';

/** All that `docket agent` can be told. */
export const agentSettings = {
  registry: {
    kind: 'text',
    flag: '--registry <url>',
    text: 'the registry whose images it serves',
    required: true,
  },
  bind: {
    kind: 'text',
    flag: '--bind <address>',
    text: 'address to accept requests on',
    default: '127.0.0.1',
  },
  port: {
    kind: 'port',
    flag: '-p, --port <port>',
    text: 'port to accept requests on; 0 takes a free one',
    default: 8010,
  },
  location: {
    kind: 'text',
    flag: '-l, --location <folder>',
    text: 'folder for all that is kept',
    default: '/var/lib/docket',
  },
  credentials: {
    kind: 'text',
    flag: '--credentials <file>',
    text: 'the login for the registry: {"username", "password"} as JSON, or a Docker config.json',
    otherwise: 'none',
  },
  alias: {
    kind: 'texts',
    flag: '--alias <host[:port]>',
    text: 'a further name by which runtimes know the registry; may be given several times',
    otherwise: 'none',
  },
  zone: {
    kind: 'zone',
    flag: '--zone <name>',
    text: 'the zone (rack, data centre) of this host: most of its peers are then of that zone',
    otherwise: 'none',
  },
  ...roleSettings,
} as const satisfies Settings;
