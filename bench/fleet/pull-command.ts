import type { FleetImage } from './image.ts';

export interface PullCommandOptions {
  /** Where the image is pulled from. */
  readonly url: string;
  readonly image: FleetImage;
  readonly parallel: number;
  /** Where the layers are written; default: nowhere, they are only read. */
  readonly folder?: string;
  /** The path of the gate at which to wait; default: none. */
  readonly gate: string | undefined;
  /** Seconds to wait behind the gate. */
  readonly delay: number;
}

/** It stays when it is done, so that its use of the CPU can still be read. */
const script = `
gate=$1 delay=$2 parallel=$3 manifest=$4
shift 4
if [ -n "$gate" ]; then
  exec 3<"$gate"
  echo waiting
  read -r _ <&3
  exec 3<&-
fi
[ "$delay" = 0 ] || sleep "$delay"
until
  curl -sSf -o /dev/null -H 'Accept: application/vnd.oci.image.manifest.v1+json' "$manifest" &&
    curl -sSf --no-progress-meter --parallel --parallel-immediate --parallel-max "$parallel" --fail-early "$@"
do
  echo again
  sleep 0.2
done
echo whole
exec sleep infinity`;

/**
 * A command that pulls the image over HTTP as a runtime does, the manifest first and then several layers at once, again
 * and again until it has all. It says `again` for each failure, and `whole` in the end.
 */
export function pullCommand(options: PullCommandOptions): readonly string[] {
  const { image, folder } = options;
  const base = `${options.url}/v2/${image.repository}`;
  const layers = image.layers.flatMap(({ digest }, index) => {
    const target = folder === undefined ? '/dev/null' : `${folder}/layer-${index + 1}`;
    return ['-o', target, `${base}/blobs/${digest}`];
  });
  const first = [options.gate ?? '', String(options.delay), String(options.parallel)];
  return ['sh', '-c', script, 'pull', ...first, `${base}/manifests/${image.tag}`, ...layers];
}
