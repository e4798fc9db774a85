import * as z from 'zod'
import type { Farm } from '../farm/farm.ts'
import type { Host, Reader } from '../host/host.ts'

const changed = z.object({ id: z.string(), title: z.string(), changes: z.array(z.string()) })

const manifestSchema = z.object({
  name: z.string(),
  /** ISO 8601, when the build ended. */
  built: z.string(),
  /** `pifarm` and its version. */
  builder: z.string(),
  source: z.object({
    kind: z.enum(['pi', 'image', 'tar', 'root', 'bootstrap']),
    description: z.string(),
    sha256: z.string().optional(),
    notes: z.array(z.string()),
  }),
  /** Debian's name, e.g. arm64. */
  architecture: z.string(),
  /** As os-release calls it. */
  release: z.string(),
  /** The names below /lib/modules. */
  kernels: z.array(z.string()),
  /** On disk, in bytes. */
  bytes: z.number(),
  steps: z.array(changed),
  /** What no step could mend, one line each. */
  remaining: z.array(z.string()),
  hooks: z.array(z.string()),
  /** `name version`, sorted. */
  packages: z.array(z.string()),
})

/** What a template was made of, sealed beside it. */
export type Manifest = z.infer<typeof manifestSchema>

/** Where manifests and build logs are kept. */
export function manifestsDir(farm: Farm): string {
  return `${farm.paths.state}/templates`
}

export function manifestPath(farm: Farm, name: string): string {
  return `${manifestsDir(farm)}/${name}.json`
}

/** What the commands of its build, and of `lint --fix`, have printed. */
export function buildLog(farm: Farm, name: string): string {
  return `${manifestsDir(farm)}/${name}.log`
}

/** Undefined for a template that was made by hand, or whose manifest somebody has broken. */
export async function readManifest(
  farm: Farm,
  nas: Reader,
  name: string,
): Promise<Manifest | undefined> {
  const entry = await nas.read(manifestPath(farm, name))
  if (entry?.kind !== 'file') return undefined
  try {
    return manifestSchema.safeParse(JSON.parse(entry.text)).data
  } catch {
    return undefined
  }
}

/** Deletes what is known of a template. */
export async function forgetTemplate(nas: Host, farm: Farm, name: string): Promise<void> {
  await nas.put(manifestPath(farm, name), undefined)
  await nas.put(buildLog(farm, name), undefined)
}
