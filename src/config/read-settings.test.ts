import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { agentSettings } from './agent-settings.ts';
import { ConfigError } from './config-error.ts';
import { ConfigFile } from './config-file.ts';
import { readSettings, type Sources } from './read-settings.ts';
import { registrySettings } from './registry-settings.ts';

function read(given: { yaml?: string; env?: Sources['env']; flags?: Sources['flags'] }) {
  return readSettings('registry', registrySettings, {
    flags: given.flags ?? {},
    env: given.env ?? {},
    file: given.yaml === undefined ? undefined : ConfigFile.parse('d.yaml', given.yaml),
  });
}

function problemsOf(given: Parameters<typeof read>[0]): readonly string[] {
  try {
    read(given);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message.split('\n');
  }
  return [];
}

suite('settings', () => {
  test('of a flag, a variable, the file and the default, the first that is there counts', () => {
    const yaml = 'registry:\n  port: 1\n';
    const env = { DOCKET_REGISTRY_PORT: '2' };
    const flags = { port: '3' };
    const cases = [
      [{ yaml, env, flags }, 3, 'flag', '--port'],
      [{ yaml, env }, 2, 'environment', 'DOCKET_REGISTRY_PORT'],
      [{ yaml }, 1, 'file', 'd.yaml:2:9'],
      [{}, 8000, 'default', 'default'],
      // An empty variable, and a key without a value, say nothing.
      [
        { yaml: 'registry:\n  port:\n', env: { DOCKET_REGISTRY_PORT: '' } },
        8000,
        'default',
        'default',
      ],
    ] as const;
    for (const [sources, value, source, place] of cases) {
      const { values, given } = read(sources);
      assert.equal(values.port, value);
      const one = given.find(({ name }) => name === 'port');
      assert.deepEqual([one?.source, one?.place], [source, place]);
    }
  });

  test('that are true or false are read from a file and from text, and nothing else is', () => {
    const yaml = 'registry:\n  deletes: false\n';
    assert.equal(read({ yaml }).values.deletes, false);
    assert.equal(read({ env: { DOCKET_REGISTRY_DELETES: 'false' } }).values.deletes, false);
    assert.equal(read({ flags: { sparse: 'true' } }).values.sparse, true);
    assert.deepEqual([read({}).values.deletes, read({}).values.sparse], [true, false]);
    const [problem] = problemsOf({ env: { DOCKET_REGISTRY_DELETES: 'no' } });
    assert.match(problem ?? '', /expected true or false/);
  });

  test('are read alike from a file and from text', () => {
    const yaml = `registry:
  peersFrom: [10.0.0.0/8, "fd00::/8"]
  rate: 100MB/s
  maxPeers: 50
  rateHours: ["08:00-18:00 rate=1MB"]
  tracker: a:1
`;
    const env = {
      DOCKET_REGISTRY_PEERS_FROM: '10.0.0.0/8, fd00::/8',
      DOCKET_REGISTRY_RATE: '100MB/s',
      DOCKET_REGISTRY_MAX_PEERS: '50',
      DOCKET_REGISTRY_RATE_HOURS: '08:00-18:00 rate=1MB',
      DOCKET_REGISTRY_TRACKER: 'a:1',
    };
    const { values } = read({ yaml });
    assert.deepEqual(values, read({ env }).values);
    assert.equal(values.rate, 100e6);
    assert.equal(values.peersFrom?.length, 2);
    assert.deepEqual(values.tracker, ['a:1']);
    assert.equal(values.advertise, undefined);
  });

  test('that are wrong are told all at once, each with its place and what was expected', () => {
    const yaml = `registry:
  peer-port: 7000
  port: eighty
  tracker:
    - a:1
    - nonsense
  maxPeers: [1]
  logLevel: loud
`;
    const env = { DOCKET_REGISTRY_PROT: '1', DOCKET_REGISTRY_RATE: 'fast', DOCKET_AGENT_X: '1' };
    assert.deepEqual(problemsOf({ yaml, env, flags: { udpPort: '99999' } }), [
      'd.yaml:2:3: registry: there is no setting "peer-port": did you mean peerPort?',
      'DOCKET_REGISTRY_PROT: there is no such variable: did you mean DOCKET_REGISTRY_PORT?',
      'd.yaml:3:9: registry.port: "eighty" is not a port: expected a number from 1 to 65535',
      'd.yaml:6:7: registry.tracker.1: "nonsense" is not a tracker: expected HOST:PORT, like ' +
        '10.0.0.5:6969 or [fd00::5]:6969, udp://HOST:PORT, or an announce URL',
      '--udp-port: "99999" is not a port: expected a number from 1 to 65535',
      'd.yaml:7:13: registry.maxPeers: expected a number',
      'DOCKET_REGISTRY_RATE: "fast" is not a size; write it as 100MB, 64KiB or a number of bytes',
      'd.yaml:8:13: registry.logLevel: expected one of debug, info, warn, error, silent',
    ]);
  });

  test('that are wrong are told without the passwords in them', () => {
    const [problem] = problemsOf({ flags: { tracker: ['http://user:hunter2@x:1'] } });
    assert.match(problem ?? '', /^--tracker: "http:\/\/\(hidden\)@x:1" is not a tracker/);
  });

  test('that are wrong where they do not count are told as well', () => {
    const problems = problemsOf({ yaml: 'registry: {port: x}', flags: { port: '1' } });
    assert.match(problems.join('\n'), /^d\.yaml:1:18: registry\.port: "x" is not a port/);
  });

  test('a setting that a role cannot do without is asked for by all its names', () => {
    assert.throws(
      () => readSettings('agent', agentSettings, { flags: {}, env: {}, file: undefined }),
      { code: 'USAGE', message: /--registry: .*DOCKET_AGENT_REGISTRY .*agent\.registry/ },
    );
  });

  test('the variables that Kubernetes sets for a service of this name say nothing', () => {
    const env = {
      DOCKET_REGISTRY_PORT: 'tcp://10.0.0.1:8000',
      DOCKET_REGISTRY_SERVICE_HOST: '10.0.0.1',
      DOCKET_REGISTRY_SERVICE_PORT: '8000',
      DOCKET_REGISTRY_SERVICE_PORT_HTTP: '8000',
      DOCKET_REGISTRY_PORT_8000_TCP: 'tcp://10.0.0.1:8000',
      DOCKET_REGISTRY_PORT_8000_TCP_PROTO: 'tcp',
    };
    assert.equal(read({ env }).values.port, 8000);
  });
});
