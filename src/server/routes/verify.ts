import { systemClock } from '../../base/clock.ts';
import { createRateLimiter } from '../../base/rate-limiter.ts';
import { verificationJson } from '../../registry/verification-json.ts';
import type { Exchange } from '../exchange.ts';
import type { Handler } from '../services.ts';

/** `GET /api/v1/verify`: how far the verification is that runs, or how the last one ended. */
export const getVerification: Handler = (exchange, { registry }) => {
  const { status } = registry.verification;
  exchange.sendJson(200, status === undefined ? { state: 'none' } : verificationJson(status));
};

/**
 * `POST /api/v1/verify[?repair=true][&rate=<bytes/s>]`: begins to read all that the registry holds. One runs at a time: another
 * is answered with 409 and the status of that one.
 */
export const startVerification: Handler = (exchange, { registry }) => {
  const { query } = exchange;
  const rate = query.get('rate');
  const repair = query.get('repair') ?? 'false';
  if (rate !== null && !/^[1-9]\d{0,14}$/.test(rate)) {
    return refuse(exchange, 'the rate must be a number of bytes a second');
  }
  if (repair !== 'true' && repair !== 'false') {
    return refuse(exchange, 'repair must be true or false');
  }
  const limiter = createRateLimiter(rate === null ? undefined : Number(rate), systemClock);
  const isNew = registry.verification.start({ repair: repair === 'true', limiter });
  const { status } = registry.verification;
  return exchange.sendJson(isNew ? 202 : 409, status && verificationJson(status));
};

/** `DELETE /api/v1/verify`: ends the one that runs. */
export const cancelVerification: Handler = async (exchange, services) => {
  await services.registry.verification.cancel();
  await getVerification(exchange, services);
};

function refuse(exchange: Exchange, message: string): void {
  exchange.sendJson(400, { errors: [{ code: 'OPTION_INVALID', message }] });
}
