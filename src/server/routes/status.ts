import type { Handler } from '../services.ts';

/** `GET /`: says to people what they have found. */
export const getHome: Handler = (exchange, { version }) => {
  const text =
    `Docket ${version}: a container registry that seeds every layer over BitTorrent.\n` +
    'Images: /api/v1/images  Metrics: /metrics  Registry API: /v2/\n';
  exchange.send(200, { 'Content-Type': 'text/plain; charset=utf-8' }, text);
};

/** `GET /healthz`: the process answers. */
export const getHealth: Handler = (exchange) => exchange.sendJson(200, { status: 'ok' });

/**
 * `GET /readyz`: requests can be answered now; else 503, with the reasons. A full disk is told of, but pulls and deletes go
 * on: a registry that was taken out of service for it could not be helped.
 */
export const getReadiness: Handler = async (exchange, { readiness }) => {
  const reasons = await readiness.reasons();
  if (reasons.length === 0) exchange.sendJson(200, { status: 'ready' });
  else if (reasons.every(({ code }) => code === 'STORAGE_FULL')) {
    exchange.sendJson(200, { status: 'ready', reasons });
  } else exchange.sendJson(503, { status: 'not ready', reasons });
};

/** `GET /metrics`, in the text format of Prometheus. */
export const getMetrics: Handler = async (exchange, { metrics }) => {
  exchange.send(200, { 'Content-Type': metrics.contentType }, await metrics.text());
};
