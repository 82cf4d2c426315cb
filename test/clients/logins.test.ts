import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { hashSync } from 'bcryptjs';
import { needClients } from '../lab/clients.ts';
import { startContainerd } from '../lab/containerd.ts';
import { containerTools } from '../lab/containers.ts';
import { startDockerd } from '../lab/dockerd.ts';
import { docket, startAgent, startRegistry } from '../lab/docket.ts';
import { startHosts } from '../lab/hosts.ts';
import { makeImage } from '../lab/image.ts';
import { Lab } from '../lab/lab.ts';

const rules = `
htpasswd: users
policy:
  - { who: anyone, may: [pull], repositories: 'public/**' }
  - { who: user:pat, may: [pull], repositories: 'team/**' }
  - { who: user:pam, may: [pull, push], repositories: ['team/**', 'public/**'] }
  - { who: user:root, may: [admin] }
`;
const names = ['pat', 'pam', 'root'];
/** A refusal, as each client says it. */
const refusal =
  /denied|unauthorized|authentication is required|forbidden|invalid username|refuses the login|HTTP status 40[13]/i;

async function logins(t: TestContext, isTls: boolean): Promise<void> {
  if (!needClients(t, 'hosts', 'dockerd', 'containerd', 'podman', 'buildah', 'skopeo', 'busybox')) {
    return;
  }
  const lab = await Lab.open(t);
  const [host] = await startHosts(lab, ['registry']);
  assert.ok(host !== undefined);
  const { address } = host;
  const there = `${address}:8000`;
  const users = names.map((name) => `${name}:${hashSync(`${name}-pw`, 4)}\n`);
  await writeFile(join(lab.folder, 'users'), users.join(''));
  const auth = join(lab.folder, 'access.yaml');
  await writeFile(auth, rules);
  const tls = isTls ? { cert: join(lab.folder, 'crt'), key: join(lab.folder, 'key') } : undefined;
  if (tls !== undefined) await makeCertificate(lab, tls, address);
  const registry = await startRegistry(lab, { host, auth, ...(tls === undefined ? {} : { tls }) });
  const image = await makeImage(lab, 'small', [300_000]);
  const tools = await containerTools(lab, { host });
  const noVerify = '--tls-verify=false';
  const trusted = tls === undefined ? {} : { NODE_EXTRA_CA_CERTS: tls.cert };

  await lab.part('skopeo logs in, pushes what it may and is refused the rest', async () => {
    const to = (name: string): readonly string[] => [
      'copy',
      '--dest-tls-verify=false',
      `oci:${image.layout}:latest`,
      `docker://${there}/${name}`,
    ];
    await assert.rejects(tools.skopeo(to('team/app:1')), refusal);
    await assert.rejects(
      tools.skopeo(['login', noVerify, '-u', 'pam', '-p', 'guess', there]),
      refusal,
    );
    await tools.skopeo(['login', noVerify, '-u', 'pam', '-p', 'pam-pw', there]);
    await tools.skopeo(to('team/app:1'));
    await tools.skopeo(to('public/app:1'));
    await assert.rejects(tools.skopeo(to('other/app:1')), refusal);
    await tools.skopeo(['logout', there]);
    const inspect = (name: string) =>
      tools.skopeo(['inspect', '--raw', noVerify, `docker://${there}/${name}`]);
    assert.equal(await inspect('public/app:1'), Buffer.from(image.manifest).toString());
    await assert.rejects(inspect('team/app:1'), refusal);
  });

  await lab.part('podman and buildah log in, pull, and push', async () => {
    await assert.rejects(tools.podman(['pull', noVerify, `${there}/team/app:1`]), refusal);
    await tools.podman(['pull', noVerify, `${there}/public/app:1`]);
    await tools.podman(['login', noVerify, '-u', 'pat', '-p', 'pat-pw', there]);
    await tools.podman(['pull', noVerify, `${there}/team/app:1`]);
    const push = ['push', noVerify, `${there}/team/app:1`];
    await assert.rejects(tools.podman([...push, `${there}/team/podman:1`]), refusal);
    await tools.buildah(['login', noVerify, '-u', 'pam', '-p', 'pam-pw', there]);
    await tools.podman([...push, `${there}/team/podman:1`]);
    await tools.buildah(['from', noVerify, '--name', 'work', `${there}/team/podman:1`]);
    await tools.buildah(['commit', noVerify, 'work', `docker://${there}/team/buildah:1`]);
    await tools.buildah(['rm', 'work']);
    await tools.podman(['logout', there]);
    await tools.podman(['rmi', '--all', '--force']);
  });

  await lab.part('containerd pulls and pushes with a login, and is refused without', async () => {
    const containerd = await startContainerd(lab, { host });
    const transport = isTls ? '--skip-verify' : '--plain-http';
    const pull = (name: string, ...more: readonly string[]) => {
      const flags = [transport, '--snapshotter', 'native', ...more];
      return containerd.ctr(['images', 'pull', ...flags, `${there}/${name}`]);
    };
    await assert.rejects(pull('team/app:1'), refusal);
    await pull('public/app:1');
    await pull('team/app:1', '--user', 'pat:pat-pw');
    await containerd.ctr(['images', 'tag', `${there}/team/app:1`, `${there}/team/ctr:1`]);
    const push = ['images', 'push', transport];
    const image = `${there}/team/ctr:1`;
    await assert.rejects(containerd.ctr([...push, '--user', 'pat:pat-pw', image]), refusal);
    await containerd.ctr([...push, '--user', 'pam:pam-pw', image]);
  });

  await lab.part(
    'docker logs in, pulls and pushes, and pulls what anyone may without',
    async () => {
      const dockerd = await startDockerd(lab, { host, insecure: [there] });
      const login = (name: string, password: string) =>
        dockerd.docker(['login', '-u', name, '-p', password, there]);
      await assert.rejects(dockerd.docker(['pull', `${there}/team/app:1`]), refusal);
      await dockerd.docker(['pull', `${there}/public/app:1`]);
      await assert.rejects(login('pam', 'guess'), refusal);
      assert.match(await login('pat', 'pat-pw'), /Login Succeeded/);
      await dockerd.docker(['pull', `${there}/team/app:1`]);
      await dockerd.docker(['tag', `${there}/team/app:1`, `${there}/team/docker:1`]);
      await assert.rejects(dockerd.docker(['push', `${there}/team/docker:1`]), refusal);
      await login('pam', 'pam-pw');
      await dockerd.docker(['push', `${there}/team/docker:1`]);
      await dockerd.docker(['logout', there]);
      await assert.rejects(dockerd.docker(['pull', `${there}/team/docker:1`]), refusal);
    },
  );

  await lab.part('docket logs in, makes a token, pushes, lists and pulls by it', async () => {
    const home = await lab.newFolder('home');
    const environment = { HOME: home, DOCKET_HOST: registry.url, ...trusted };
    const run = (...command: readonly string[]) =>
      lab.run([...docket, ...command], { host, environment });
    const loginAs = (name: string, password: string) =>
      lab.run(
        [
          'sh',
          '-c',
          'printf %s "$PASSWORD" | exec "$@"',
          'sh',
          ...docket,
          'login',
          '-u',
          name,
          '--password-stdin',
        ],
        { host, environment: { ...environment, PASSWORD: password } },
      );
    await assert.rejects(loginAs('root', 'guess'), refusal);
    await loginAs('root', 'root-pw');
    const made = await run('token', 'create', 'ci', '--may', 'pull,push', '--repository', 'ci/**');
    const secret = made.trim();
    assert.match(secret, /^dkt_/);
    assert.match(await run('images'), /team\/app/);
    await loginAs('ci', secret);
    await run('push', '--from', image.layout, 'ci/app:1');
    await assert.rejects(run('push', '--from', image.layout, 'team/app:2'), refusal);
    const listed = await run('images');
    assert.match(listed, /ci\/app/);
    assert.doesNotMatch(listed, /team\/app/);
    await run('pull', '--agent', 'none', '-o', join(lab.folder, 'pulled.tar'), 'ci/app:1');
    await loginAs('root', 'root-pw');
    assert.match(await run('token', 'ls'), /ci +valid/);
    await run('token', 'revoke', 'ci');
    await assert.rejects(loginAs('ci', secret), refusal);
    await run('logout');
    await assert.rejects(run('token', 'ls'), refusal);
  });

  await lab.part(
    'podman pulls through an agent with a login what it may not by itself',
    async () => {
      const credentials = join(lab.folder, 'credentials.json');
      await writeFile(credentials, JSON.stringify({ username: 'pat', password: 'pat-pw' }));
      await startAgent(lab, {
        host,
        registry: registry.url,
        credentials,
        environment: trusted,
        peerPort: 0,
      });
      await tools.podman(['pull', noVerify, '127.0.0.1:8010/team/app:1']);
      await assert.rejects(tools.podman(['pull', noVerify, '127.0.0.1:8010/ci/app:1']));
      await tools.podman(['rmi', '--all', '--force']);
    },
  );
}

async function makeCertificate(
  lab: Lab,
  { cert, key }: { readonly cert: string; readonly key: string },
  address: string,
): Promise<void> {
  const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2';
  const name = ['-subj', '/CN=registry', '-addext', `subjectAltName=IP:${address}`];
  await lab.run(['openssl', ...request.split(' '), '-keyout', key, '-out', cert, ...name]);
}

test('docker, podman, buildah, skopeo, containerd and docket log in, pull and push as they may', async (t) => {
  await logins(t, false);
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
test(
  'and so they do over TLS',
  { skip: hasOpenssl ? false : 'not installed: openssl' },
  async (t) => {
    await logins(t, true);
  },
);
