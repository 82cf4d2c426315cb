import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabImage } from './image.ts';
import type { Lab } from './lab.ts';

const manifestType = 'application/vnd.oci.image.manifest.v1+json';

/** Something as an OCI layout, tagged `latest`. */
export interface LabLayout {
  readonly layout: string;
  readonly digest: string;
  /** The index or manifest itself, byte for byte. */
  readonly bytes: Buffer;
}

/** An index of images, one for each architecture. */
export async function makeIndex(
  lab: Lab,
  name: string,
  images: Readonly<Record<string, LabImage>>,
): Promise<LabLayout> {
  const layout = await lab.newFolder(name);
  const blobs = join(layout, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  for (const image of Object.values(images)) {
    const from = join(image.layout, 'blobs', 'sha256');
    for (const blob of await readdir(from)) await copyFile(join(from, blob), join(blobs, blob));
  }
  const manifests = Object.entries(images).map(([architecture, image]) => ({
    ...descriptorOf(image),
    platform: { architecture, os: 'linux' },
  }));
  return await finish(layout, {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests,
  });
}

/** A file and what it is about, as `oras attach` and `cosign` push it: an image manifest with an artifact's types. */
export async function makeArtifact(
  lab: Lab,
  name: string,
  artifact: { readonly type: string; readonly content: string; readonly subject: LabImage },
): Promise<LabLayout> {
  const layout = await lab.newFolder(name);
  await mkdir(join(layout, 'blobs', 'sha256'), { recursive: true });
  const config = await putBlob(layout, Buffer.from('{}'));
  const file = await putBlob(layout, Buffer.from(artifact.content));
  return await finish(layout, {
    schemaVersion: 2,
    mediaType: manifestType,
    artifactType: artifact.type,
    config: { mediaType: 'application/vnd.oci.empty.v1+json', ...config },
    layers: [{ mediaType: artifact.type, ...file }],
    subject: descriptorOf(artifact.subject),
    annotations: { 'org.opencontainers.image.title': name },
  });
}

function descriptorOf({ digest, manifest }: LabImage) {
  return { mediaType: manifestType, digest, size: manifest.length };
}

async function putBlob(layout: string, bytes: Buffer) {
  const hex = createHash('sha256').update(bytes).digest('hex');
  await writeFile(join(layout, 'blobs', 'sha256', hex), bytes);
  return { digest: `sha256:${hex}`, size: bytes.length };
}

interface Document {
  readonly mediaType: string;
  readonly [member: string]: unknown;
}

/** Makes `root` what the layout holds. */
async function finish(layout: string, root: Document): Promise<LabLayout> {
  const bytes = Buffer.from(JSON.stringify(root));
  const { digest, size } = await putBlob(layout, bytes);
  const annotations = { 'org.opencontainers.image.ref.name': 'latest' };
  const entry = { mediaType: root.mediaType, digest, size, annotations };
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(
    join(layout, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [entry] }),
  );
  return { layout, digest, bytes };
}
