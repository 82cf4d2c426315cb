import type { Handler } from '../services.ts';

/** `GET /v2/` (distribution-spec end-1). */
export const ping: Handler = (exchange) => exchange.sendJson(200, {});
