import { UserError } from '../errors.ts'
import type { Reader } from '../host/host.ts'

/** The Debian package of each program that a source can need beyond a bare system. */
const packages = {
  mcopy: 'mtools',
  xz: 'xz-utils',
  gzip: 'gzip',
  bzip2: 'bzip2',
  zstd: 'zstd',
  unzip: 'unzip',
  tar: 'tar',
  mmdebstrap: 'mmdebstrap',
  'arch-test': 'arch-test',
} as const

export type NeededTool = keyof typeof packages

/** Throws a `UserError` that names the packages where one of these programs is not there. */
export async function needTools(nas: Reader, tools: readonly NeededTool[]): Promise<void> {
  const missing: NeededTool[] = []
  for (const tool of tools) if ((await nas.ask(['which', tool])).code !== 0) missing.push(tool)
  if (missing.length === 0) return
  const names = missing.map((tool) => packages[tool])
  throw new UserError(`${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not there`, {
    hint: `install what is missing: apt-get install ${names.join(' ')}`,
  })
}
