import { isJsonObject } from '../../oci/descriptor.ts';
import { CliError } from '../cli-error.ts';

const kinds = ['tag', 'manifest', 'blob', 'upload', 'file', 'repository'] as const;
type Kind = (typeof kinds)[number];

/** One thing that went, or would go. Which of the optional parts there are depends on the kind. */
export interface GoneItem {
  readonly kind: Kind;
  readonly reason: string;
  readonly repository?: string;
  readonly tag?: string;
  readonly digest?: string;
  readonly id?: string;
  /** Bytes. */
  readonly size?: number;
  /** ISO 8601. */
  readonly since?: string;
  /** The number of the rule that says so. */
  readonly rule?: number;
  /** False when a blob stays for other repositories. */
  readonly freed?: boolean;
}

/** What went in all. */
export interface GoneSummary {
  readonly dryRun: boolean;
  readonly counts: Readonly<Record<string, number>>;
  /** Bytes. */
  readonly freedBytes: number;
  readonly seconds: number;
}

/** One line of the answer to `POST /api/v1/gc`. Throws CliError REGISTRY_FAILED when it is none, or says that it failed. */
export function parseGone(
  line: string,
): { readonly item: GoneItem } | { readonly summary: GoneSummary } {
  const value = parse(line);
  if (isJsonObject(value) && value['kind'] === 'error') {
    throw new CliError(
      'REGISTRY_FAILED',
      `Error response from registry: ${String(value['message'])}`,
    );
  }
  if (isJsonObject(value) && value['kind'] === 'summary' && isJsonObject(value['counts'])) {
    const { kind: _kind, ...summary } = value;
    return { summary: summary as unknown as GoneSummary };
  }
  if (isItem(value)) return { item: value };
  throw new CliError('REGISTRY_FAILED', 'the answer is not one of a garbage collection', {
    hint: 'Is it a Docket registry of this version that answers there?',
  });
}

function isItem(value: unknown): value is GoneItem {
  if (!isJsonObject(value) || typeof value['reason'] !== 'string') return false;
  return kinds.some((kind) => kind === value['kind']);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
