import { systemClock } from '../../base/clock.ts';
import { createRateLimiter } from '../../base/rate-limiter.ts';
import { verificationJson } from '../../registry/verification-json.ts';
import { readJsonBody, wrongBody } from '../json-body.ts';
import type { Handler } from '../services.ts';

/** `GET /api/v1/verify`: how far the verification is that runs, or how the last one ended. */
export const getVerification: Handler = (exchange, { registry }) => {
  const { status } = registry.verification;
  exchange.sendJson(200, status === undefined ? { state: 'none' } : verificationJson(status));
};

/**
 * `POST /api/v1/verify`: begins to read all that the registry holds. The body is JSON, `{"repair": true, "rate": <bytes/s>}`, both
 * optional. One runs at a time: another is answered with 409 and the status of that one.
 */
export const startVerification: Handler = async (exchange, { registry }) => {
  const { repair = false, rate } = await readJsonBody(exchange, ['repair', 'rate']);
  if (typeof repair !== 'boolean') throw wrongBody('repair must be true or false');
  if (rate !== undefined && !(typeof rate === 'number' && Number.isFinite(rate) && rate > 0)) {
    throw wrongBody('rate must be a number of bytes a second, above 0');
  }
  const limiter = createRateLimiter(rate, systemClock);
  const isNew = registry.verification.start({ repair, limiter });
  const { status } = registry.verification;
  exchange.sendJson(isNew ? 202 : 409, status && verificationJson(status));
};

/** `DELETE /api/v1/verify`: ends the one that runs. */
export const cancelVerification: Handler = async (exchange, services) => {
  await services.registry.verification.cancel();
  await getVerification(exchange, services);
};
