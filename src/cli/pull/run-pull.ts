import { createLog, silentLog } from '../../base/log.ts';
import { systemClock } from '../../base/clock.ts';
import { parseDuration } from '../../base/units.ts';
import { parseIpRange, type IpRange } from '../../torrent/ip-range.ts';
import { parseZone, type Zone } from '../../torrent/zone.ts';
import type { ImageSink, PulledImage } from '../image/image-sink.ts';
import { openSink, readPlace } from '../image/open-sink.ts';
import { prepareLocation } from '../location.ts';
import { AgentBlobs } from './agent-blobs.ts';
import { checkPlatform, fetchBlobs } from './fetch-image.ts';
import { findAgent, parseAgent, type AgentChoice } from './find-agent.ts';
import { hostPlatform, parsePlatform } from './platform.ts';
import { resolveImage, type ResolvedImage } from './resolve-image.ts';
import { seedOn } from './seed-on.ts';
import { StallWatch } from './stall-watch.ts';
import { SwarmBlobs } from './swarm-blobs.ts';
import { connectClient, loginFor } from '../remote/connect.ts';
import type { RegistryClient } from '../remote/registry-client.ts';
import { createProgress } from '../terminal/create-progress.ts';
import type { Progress } from '../terminal/progress.ts';
import type { ClientContext } from '../command-context.ts';
import { parseRate } from '../../config/rate.ts';
import { parseImageArgument, type ImageArgument } from '../image-argument.ts';

export interface PullOptions {
  /** A file or folder for the image, instead of the engine. */
  readonly output?: string;
  /** An agent's URL, or `none`. */
  readonly agent?: string;
  readonly platform?: string;
  /** How long to go on seeding; true: until interrupted. */
  readonly seed?: string | true;
  /** Bytes a second. */
  readonly rate?: string;
  /** The zone of this host. */
  readonly zone?: string;
  /** The networks that peers are in. */
  readonly peersFrom?: readonly string[];
  readonly quiet?: boolean;
}

/** A pull as it was asked for. */
interface Pull {
  readonly image: ImageArgument;
  readonly registry: RegistryClient;
  readonly sink: ImageSink;
  readonly options: PullOptions;
  /** Milliseconds; undefined for not at all. */
  readonly seedFor: number | undefined;
  /** Bytes a second. */
  readonly rate: number | undefined;
  readonly zone: Zone | undefined;
  /** None: peers can be anywhere. */
  readonly peersFrom: readonly IpRange[];
  readonly agent: AgentChoice;
  readonly progress: Progress;
  readonly context: ClientContext;
}

/** `docket pull`: brings an image to this host, over the swarm, into the local engine, a file or a folder. */
export async function runPull(
  imageText: string,
  options: PullOptions,
  context: ClientContext,
): Promise<void> {
  const { env, signal } = context;
  const image = parseImageArgument(imageText);
  const seedFor = seedTime(options.seed);
  const rate = parseRate(options.rate);
  const zone = options.zone === undefined ? undefined : parseZone(options.zone);
  const peersFrom = (options.peersFrom ?? []).map(parseIpRange);
  const wanted =
    options.platform === undefined ? hostPlatform(process.arch) : parsePlatform(options.platform);
  const agent = parseAgent(options.agent ?? (env['DOCKET_AGENT'] || undefined));
  const place = readPlace(options.output, image.bare, env['DOCKER_HOST']);
  const progress = createProgress(context.stderr, env, options.quiet === true);
  try {
    await using registry = connectClient(context, image.host);
    await registry.ping(signal);
    // One that was named must be there, even when nothing will be pulled through it.
    if (agent.kind === 'named') await findAgent(agent, registry.url);
    await using sink = await openSink(place, signal);
    const reference = image.digest ?? image.tag ?? 'latest';
    const resolved = await resolveImage(registry, image.repository, reference, wanted, signal);
    const link = { seedFor, rate, zone, peersFrom };
    const asked = { image, registry, sink, options, ...link, agent, progress, context };
    if (seedFor === undefined && (await sink.has(layoutOf(image, resolved), signal))) {
      progress.note('The engine has this image already');
      tell(asked, resolved);
      return;
    }
    await pullInto(asked, resolved);
  } finally {
    progress.close();
  }
}

/** Takes the blobs through the host's agent where one runs, else takes part in the swarm. */
async function pullInto(asked: Pull, resolved: ResolvedImage): Promise<void> {
  const { registry, context, progress } = asked;
  const { env } = context;
  const location = await prepareLocation(context.client.location);
  const agent = await findAgent(asked.agent, registry.url);
  if (agent === undefined) {
    await using swarm = await SwarmBlobs.start({
      registry: registry.url,
      credentials: loginFor(context, registry.url),
      location,
      rate: asked.rate,
      zone: asked.zone,
      peersFrom: asked.peersFrom,
      log: env['DOCKET_DEBUG'] ? createLog('debug') : silentLog,
    });
    await transfer(asked, resolved, swarm);
    if (asked.seedFor !== undefined) {
      await seedOn(swarm, asked.seedFor, progress, context.signal);
    }
    await swarm.forget();
    return;
  }
  const onNote = (text: string): void => progress.note(text);
  if (asked.rate !== undefined) onNote("--rate does not count: the link is the agent's");
  if (asked.zone !== undefined) onNote("--zone does not count: the host's agent has its own");
  if (asked.peersFrom.length > 0)
    onNote("--peers-from does not count: the host's agent has its own");
  await using blobs = await AgentBlobs.start({
    agent,
    registry: registry.url,
    credentials: loginFor(context, registry.url),
    location,
    onNote,
  });
  await transfer(asked, resolved, blobs);
  if (asked.seedFor !== undefined) progress.note("This host's agent goes on seeding");
}

async function transfer(
  asked: Pull,
  resolved: ResolvedImage,
  source: SwarmBlobs | AgentBlobs,
): Promise<void> {
  const { image, sink, options, progress, context } = asked;
  progress.note(`Pulling ${image.bare} (${resolved.digest}) through ${source.description}`);
  const blobs = await fetchWatched(asked, resolved, source);
  const config = blobs.get(resolved.manifest.config.digest);
  if (options.platform !== undefined && !resolved.chosen && config !== undefined) {
    await checkPlatform(config, parsePlatform(options.platform));
  }
  progress.total('Writing the image');
  const pulled = { ...layoutOf(image, resolved), manifestBytes: resolved.bytes, blobs };
  const done = await sink.write(pulled, context.signal);
  progress.total('');
  progress.note(done);
  tell(asked, resolved);
}

async function fetchWatched(
  { image, registry, progress, context }: Pull,
  resolved: ResolvedImage,
  source: SwarmBlobs | AgentBlobs,
): Promise<PulledImage['blobs']> {
  using stalls = new StallWatch({
    clock: systemClock,
    answers: () => registry.answers(),
    onNote: (text) => progress.note(text),
  });
  return await fetchBlobs(resolved, image.repository, source, progress, stalls, context.signal);
}

/** The one line on standard output: what was pulled, by the digest that the name stands for. */
function tell({ image, progress, context }: Pull, resolved: ResolvedImage): void {
  progress.aside(() => context.stdout.write(`${image.bare}@${resolved.rootDigest}\n`));
}

function layoutOf(image: ImageArgument, { manifest, digest, bytes }: ResolvedImage) {
  return { manifest, digest, size: bytes.length, name: image.tagged, tag: image.tag };
}

function seedTime(seed: string | true | undefined): number | undefined {
  if (seed === undefined) return undefined;
  return seed === true ? Infinity : parseDuration(seed);
}
