import { pullCommand } from '../pull-command.ts';
import type { Contender } from './contender.ts';
import { startOrigin } from './origin.ts';
import { RestartingRunner } from './restarting-runner.ts';

/** What Docket replaces: every host pulls the whole image from the registry, over plain HTTP, onto its disk. */
export const central: Contender = {
  name: 'central',
  async prepare(contest) {
    const { place, network, image, options } = contest;
    const origin = await startOrigin(contest);
    const runners: RestartingRunner[] = [];
    for (const host of network.hosts) {
      const folder = await place.newFolder(host.name);
      const { url } = origin.registry;
      const pull = { url, image, parallel: options.parallel, folder };
      const start = (gate: string | undefined) => {
        const delay = gate === undefined ? 0 : host.plan.delay;
        const command = pullCommand({ ...pull, gate, delay });
        return place.start(command, { name: `pull on ${host.name}`, host });
      };
      runners.push(new RestartingRunner(contest, host.plan, start));
    }
    await Promise.all(runners.map((runner) => runner.arrived()));
    return { runners, originSent: () => origin.sent() };
  },
};
