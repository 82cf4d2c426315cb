import { formatBytes } from '../../base/units.ts';
import { EngineClient } from '../engine/engine-client.ts';
import { parseEngineAddress } from '../engine/engine-address.ts';
import { openEngineImage, openFile, type OpenOptions } from '../image/open-source.ts';
import type { ImageSource } from '../image/image-source.ts';
import type { WantedImage } from '../image/archive-source.ts';
import { prepareLocation } from '../location.ts';
import { pushImage } from './push-image.ts';
import { connectClient } from '../remote/connect.ts';
import { createProgress } from '../terminal/create-progress.ts';
import type { Progress } from '../terminal/progress.ts';
import { UsageError } from '../usage-error.ts';
import type { ClientContext } from '../command-context.ts';
import { parseImageArgument } from '../image-argument.ts';

export interface PushOptions {
  /** A file or folder to take the image from, instead of the engine. */
  readonly from?: string;
  readonly quiet?: boolean;
}

/** `docket push`: sends an image from the local engine, a file or a folder to the registry. */
export async function runPush(
  imageText: string,
  options: PushOptions,
  context: ClientContext,
): Promise<void> {
  const image = parseImageArgument(imageText);
  const { tag, tagged } = image;
  if (image.digest !== undefined || tag === undefined || tagged === undefined) {
    throw new UsageError(`"${imageText}" names a digest: expected IMAGE[:TAG], which to push to`);
  }
  const { env, signal } = context;
  const progress = createProgress(context.stderr, env, options.quiet === true);
  try {
    await using registry = connectClient(context, image.host);
    await registry.ping(signal);
    const location = await prepareLocation(context.client.location);
    progress.note(`The push refers to repository [${image.repository}] at ${registry.url}`);
    await using source = await openSource(options.from, { name: tagged, tag }, context, {
      location,
      signal,
      ...reading(progress),
    });
    progress.total('');
    const target = { registry, repository: image.repository, tag };
    const digest = await pushImage(source, target, progress, signal);
    progress.aside(() => context.stdout.write(`${image.bare}@${digest}\n`));
  } finally {
    progress.close();
  }
}

async function openSource(
  from: string | undefined,
  wanted: WantedImage,
  { env, signal }: ClientContext,
  options: OpenOptions,
): Promise<ImageSource> {
  if (from !== undefined) return openFile(from, wanted, options);
  await using engine = await EngineClient.connect(parseEngineAddress(env['DOCKER_HOST']), signal);
  return await openEngineImage(engine, wanted, options);
}

/** Shows how much of the image has been read, while it is read. */
function reading(progress: Progress): Pick<OpenOptions, 'onBytes'> {
  let done = 0;
  progress.total('Reading the image');
  return {
    onBytes(bytes) {
      done += bytes;
      progress.total(`Reading the image  ${formatBytes(done)}`);
    },
  };
}
