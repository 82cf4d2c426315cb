import { parseBasic } from '../../auth/basic.ts';
import { Caller } from '../../auth/caller.ts';
import { formatScope, parseScopes, type Scope } from '../../auth/scope.ts';
import { OciError } from '../../oci/oci-error.ts';
import type { Access } from '../access/access.ts';
import type { Identity } from '../access/login.ts';
import { answerOf } from '../error-status.ts';
import type { Exchange } from '../exchange.ts';
import { readBody } from '../request-body.ts';
import { RequestError } from '../request-error.ts';
import type { Handler, Services } from '../services.ts';

const largestForm = 64 * 1024;
/** Nothing of these answers may be kept by caches on the way. */
const headers = { 'Cache-Control': 'no-store' } as const;

/**
 * `GET /token` (Docker's token flow): a token for what of `scope` the sender may. Less than asked for is no error, and whoever
 * brings no password gets one for nobody.
 */
export const getToken: Handler = async (exchange, services) => {
  const access = accessOf(services);
  const { query } = exchange;
  const identity = await byHeader(exchange, access, services);
  const granted = scopesOf(identity, parseScopes(query.getAll('scope')));
  const token = await issued(access, identity, granted);
  const wantsRefresh = /^(?:true|1)$/.test(query.get('offline_token') ?? '');
  exchange.sendJson(200, { ...token, ...(await refresh(access, identity, wantsRefresh)) }, headers);
};

/** `POST /token`: the same as an OAuth 2 form, by a password or by a token of before (`refresh_token`). */
export const postToken: Handler = async (exchange, services) => {
  const access = accessOf(services);
  const { request } = exchange;
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim();
  if (type !== 'application/x-www-form-urlencoded') {
    throw new RequestError('the body must be a form, application/x-www-form-urlencoded');
  }
  const form = new URLSearchParams((await readBody(request, largestForm)).toString());
  const scopes = parseScopes(form.getAll('scope'));
  const identity = await byForm(exchange, access, services, form);
  const granted = scopesOf(identity, scopes);
  const { access_token, expires_in, issued_at } = await issued(access, identity, granted);
  const wantsRefresh = form.get('access_type') === 'offline';
  const isRefresh = form.get('grant_type') === 'refresh_token';
  exchange.sendJson(
    200,
    {
      access_token,
      token_type: 'Bearer',
      expires_in,
      issued_at,
      scope: granted.map(formatScope).join(' '),
      ...(await refresh(access, identity, wantsRefresh && !isRefresh)),
      ...(isRefresh ? { refresh_token: form.get('refresh_token') } : {}),
    },
    headers,
  );
};

function accessOf({ access }: Services): Access {
  if (access !== undefined) return access;
  throw new OciError('NAME_UNKNOWN', 'there is nothing at this path');
}

async function byHeader(exchange: Exchange, access: Access, services: Services): Promise<Identity> {
  const { authorization } = exchange.request.headers;
  if (authorization === undefined) return access.login.nobody();
  const [, value] = /^basic +(\S+) *$/i.exec(authorization) ?? [];
  try {
    const { name, password } = parseBasic(value ?? '');
    return await access.login.byPassword(name, password, addressOf(exchange));
  } catch (error) {
    throw refusal(exchange, access, services, error);
  }
}

async function byForm(
  exchange: Exchange,
  access: Access,
  services: Services,
  form: URLSearchParams,
): Promise<Identity> {
  try {
    const type = form.get('grant_type');
    if (type === 'password') {
      const [name, password] = [form.get('username') ?? '', form.get('password') ?? ''];
      return await access.login.byPassword(name, password, addressOf(exchange));
    }
    if (type === 'refresh_token') {
      return await access.byRefreshToken(form.get('refresh_token') ?? '');
    }
  } catch (error) {
    throw refusal(exchange, access, services, error);
  }
  throw new RequestError('grant_type must be password or refresh_token');
}

/** Here it is a password that is wanted, not a token. */
function refusal(exchange: Exchange, access: Access, { audit }: Services, error: unknown): unknown {
  const refused = access.refusal(exchange, error);
  audit?.failedLogin(exchange, answerOf(refused).status);
  if (exchange.response.hasHeader('WWW-Authenticate')) {
    exchange.response.setHeader('WWW-Authenticate', 'Basic realm="docket"');
  }
  return refused;
}

/** What of the scopes that were asked for the rules allow. */
function scopesOf({ subject, grants }: Identity, wanted: readonly Scope[]): readonly Scope[] {
  return new Caller(subject, grants).narrowed(wanted);
}

async function issued(access: Access, { subject, mark }: Identity, scopes: readonly Scope[]) {
  const { tokenLifetime } = access.rules.current.config;
  const seconds = Math.round(tokenLifetime / 1000);
  const { token, expiresIn, issuedAt } = await access.issuer.issue(subject, scopes, mark, seconds);
  return {
    token,
    access_token: token,
    expires_in: expiresIn,
    issued_at: new Date(issuedAt).toISOString(),
  };
}

/** Only for what lasts: an identity token of a CI system ends with its job. */
async function refresh(
  access: Access,
  { subject, mark }: Identity,
  isWanted: boolean,
): Promise<{ readonly refresh_token?: string }> {
  if (!isWanted || subject.kind === 'anonymous' || subject.kind === 'oidc') return {};
  return { refresh_token: (await access.issuer.issueRefresh(subject, mark)).token };
}

function addressOf({ request }: Exchange): string {
  return request.socket.remoteAddress ?? '';
}
