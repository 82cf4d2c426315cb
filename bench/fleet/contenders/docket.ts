import { join } from 'node:path';
import { eachLimited } from '../../../src/cli/each-limited.ts';
import { startAgent, type AgentProcess } from '../../../test/lab/docket.ts';
import type { FleetHost } from '../network.ts';
import { pullCommand } from '../pull-command.ts';
import type { Runner } from '../race.ts';
import type { Contender, Contest } from './contender.ts';
import { startOrigin } from './origin.ts';
import { roleSettings } from './role-settings.ts';

/** How many agents start at the same time: more would not be ready sooner on few cores. */
const startedAtOnce = 4;

/** The product: an agent on every host, and a client that asks it for the image as a runtime does. */
export const docket: Contender = {
  name: 'docket',
  async prepare(contest) {
    const origin = await startOrigin(contest);
    const runners: Runner[] = [];
    const { signal } = new AbortController();
    await eachLimited(contest.network.hosts, startedAtOnce, signal, async (host) => {
      runners.push(await startHost(contest, host, origin.registry.url));
    });
    return { runners, originSent: () => origin.sent() };
  },
};

async function startHost(contest: Contest, host: FleetHost, registry: string): Promise<Runner> {
  const { place, options, gate, meter, image } = contest;
  const { plan } = host;
  const location = join(place.folder, host.name);
  const start = async (name: string): Promise<AgentProcess> => {
    const agent = await startAgent(place, {
      host,
      registry,
      location,
      ...roleSettings(name, options),
      ...(plan.zone === undefined ? {} : { zone: plan.zone }),
    });
    meter.watch('host', agent.program);
    return agent;
  };
  let agent = await start(`agent on ${host.name}`);
  const command = pullCommand({
    url: agent.url,
    image,
    parallel: options.parallel,
    gate: gate.path,
    delay: plan.delay,
  });
  const client = place.start(command, { name: `pull on ${host.name}`, host });
  meter.watch('client', client);
  await gate.arrived(client);
  const whole = client.line(/^whole$/, contest.limit);
  whole.catch(() => {});
  return {
    plan,
    whole,
    async kill() {
      meter.leave(agent.program);
      await agent.program.kill();
    },
    async revive() {
      agent = await start(`agent on ${host.name}, back`);
    },
    failures: () => client.stdout.match(/^again$/gm)?.length ?? 0,
  };
}
