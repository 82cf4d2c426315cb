import { request, type Dispatcher } from 'undici';
import { isJsonObject } from '../../oci/descriptor.ts';
import { CliError } from '../cli-error.ts';
import { readBody } from '../remote/http-answer.ts';
import { UsageError } from '../usage-error.ts';

/** Where an agent answers when nothing else was said. */
export const usualAgent = 'http://127.0.0.1:8010';

const answerWithin = 1500;
const largestAnswer = 16 * 1024 * 1024;

/** The JSON value that an agent answers with; undefined when it does not. */
export async function askAgent(
  agent: string,
  path: string,
  dispatcher?: Dispatcher,
): Promise<unknown> {
  try {
    const answer = await request(`${agent}${path}`, {
      ...(dispatcher === undefined ? {} : { dispatcher }),
      method: 'GET',
      signal: AbortSignal.timeout(answerWithin),
    });
    const bytes = await readBody(answer.body, largestAnswer);
    if (answer.statusCode !== 200) return undefined;
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}

/** The agent that was asked for. */
export type AgentChoice =
  | { readonly kind: 'none' }
  /** The usual one, if it is there. */
  | { readonly kind: 'usual' }
  /** Its URL, without a slash at the end. */
  | { readonly kind: 'named'; readonly url: string };

/** Reads a URL or `none`; nothing said means the usual agent. Throws UsageError. */
export function parseAgent(text: string | undefined): AgentChoice {
  if (text === undefined) return { kind: 'usual' };
  return text === 'none' ? { kind: 'none' } : { kind: 'named', url: agentUrl(text) };
}

/**
 * The agent to pull through, without a slash at the end; undefined when there is none. The usual one is passed over when
 * it is not there or serves another registry; for a named one that throws CliError AGENT_UNREACHABLE or AGENT_FOREIGN.
 */
export async function findAgent(
  choice: AgentChoice,
  registry: string,
): Promise<string | undefined> {
  if (choice.kind === 'none') return undefined;
  const agent = choice.kind === 'usual' ? usualAgent : choice.url;
  const about = await askAgent(agent, '/api/v1/agent');
  const isAgent = isJsonObject(about) && about['name'] === 'docket-agent';
  const serves = isAgent ? String(about['registry']) : '';
  if (isAgent && sameOrigin(serves, registry)) return agent;
  if (choice.kind === 'usual') return undefined;
  if (!isAgent) {
    throw new CliError('AGENT_UNREACHABLE', `no agent answers at ${agent}`, {
      hint: 'Start one with `docket agent`, or pull without one: --agent none.',
    });
  }
  throw new CliError(
    'AGENT_FOREIGN',
    `the agent at ${agent} serves the registry ${serves} (expected ${registry})`,
    { hint: 'Name that registry with -h/--host, or pull without the agent: --agent none.' },
  );
}

function agentUrl(text: string): string {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url === null || !/^https?:$/.test(url.protocol) || url.pathname !== '/') {
    throw new UsageError(`"${text}" is not an agent: expected a URL like ${usualAgent}, or none`);
  }
  return url.origin;
}

function sameOrigin(one: string, other: string): boolean {
  return URL.parse(one)?.origin === URL.parse(other)?.origin;
}
