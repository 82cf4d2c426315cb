import { pullCommand } from '../pull-command.ts';
import type { Contender } from './contender.ts';
import { startOrigin } from './origin.ts';
import { startRunners } from './restarting-runner.ts';

/** What Docket replaces: every host pulls the whole image from the registry, over plain HTTP, onto its disk. */
export const central: Contender = {
  name: 'central',
  async prepare(contest) {
    const { image, options } = contest;
    const origin = await startOrigin(contest);
    const pull = { url: origin.registry.url, image, parallel: options.parallel };
    const runners = await startRunners(contest, 'pull', ({ folder, gate, delay }) =>
      pullCommand({ ...pull, folder, gate, delay }),
    );
    return { runners, originSent: () => origin.sent() };
  },
};
