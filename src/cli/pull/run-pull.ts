import { createLog, silentLog } from '../../base/log.ts';
import { parseDuration } from '../../base/units.ts';
import type { ImageSink } from '../image/image-sink.ts';
import { openSink } from '../image/open-sink.ts';
import { prepareLocation } from '../location.ts';
import { AgentBlobs } from './agent-blobs.ts';
import { checkPlatform, fetchBlobs } from './fetch-image.ts';
import { findAgent } from './find-agent.ts';
import { hostPlatform, parsePlatform } from './platform.ts';
import { resolveImage, type ResolvedImage } from './resolve-image.ts';
import { seedOn } from './seed-on.ts';
import { SwarmBlobs } from './swarm-blobs.ts';
import { RegistryClient } from '../remote/registry-client.ts';
import { createProgress } from '../terminal/create-progress.ts';
import type { Progress } from '../terminal/progress.ts';
import type { ClientContext } from '../command-context.ts';
import { parseRate } from '../rate-option.ts';
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
  const wanted =
    options.platform === undefined ? hostPlatform(process.arch) : parsePlatform(options.platform);
  const progress = createProgress(context.stderr, env, options.quiet === true);
  try {
    await using registry = new RegistryClient(context.client.registryFor(image.host));
    await registry.ping(signal);
    const place = {
      output: options.output,
      repository: image.bare,
      dockerHost: env['DOCKER_HOST'],
    };
    await using sink = await openSink(place, signal);
    const reference = image.digest ?? image.tag ?? 'latest';
    const resolved = await resolveImage(registry, image.repository, reference, wanted, signal);
    const asked = { image, registry, sink, options, seedFor, rate, progress, context };
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
  const { registry, options, context, progress } = asked;
  const { env } = context;
  const location = await prepareLocation(context.client.location);
  const agent = await findAgent(options.agent ?? (env['DOCKET_AGENT'] || undefined), registry.url);
  if (agent === undefined) {
    await using swarm = await SwarmBlobs.start({
      registry: registry.url,
      location,
      rate: asked.rate,
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
  await using blobs = await AgentBlobs.start({ agent, registry: registry.url, location, onNote });
  await transfer(asked, resolved, blobs);
  if (asked.seedFor !== undefined) progress.note("This host's agent goes on seeding");
}

async function transfer(
  asked: Pull,
  resolved: ResolvedImage,
  source: SwarmBlobs | AgentBlobs,
): Promise<void> {
  const { image, sink, options, progress, context } = asked;
  const { signal } = context;
  progress.note(`Pulling ${image.bare} (${resolved.digest}) through ${source.description}`);
  const blobs = await fetchBlobs(resolved, image.repository, source, progress, signal);
  const config = blobs.get(resolved.manifest.config.digest);
  if (options.platform !== undefined && !resolved.chosen && config !== undefined) {
    await checkPlatform(config, parsePlatform(options.platform));
  }
  progress.total('Writing the image');
  const pulled = { ...layoutOf(image, resolved), manifestBytes: resolved.bytes, blobs };
  const done = await sink.write(pulled, signal);
  progress.total('');
  progress.note(done);
  tell(asked, resolved);
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
