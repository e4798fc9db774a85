import { basename, dirname } from 'node:path'
import { quoted } from '../errors.ts'
import type { Problem } from '../farm/cross-check.ts'
import type { FarmSettings } from '../farm/farm-schema.ts'
import type { FarmText } from '../farm/farm-text.ts'
import { refuseProblems } from '../farm/load.ts'
import type { Reader } from '../host/host.ts'

type Paths = FarmSettings['paths']

const dirs = ['roots', 'tftp', 'state', 'exports_dir', 'nfs_state'] as const
const files = [
  ...(['tftpd_default', 'exports', 'etc_exports', 'dhcp', 'dhcpd_conf'] as const),
  ...(['firewall', 'nfs_conf'] as const),
]

/**
 * Refuses paths in farm.yaml at which this NAS has something else: half way through a run they would
 * be told as ENOTDIR, of a path that nobody wrote anywhere.
 */
export async function refuseMisplaced(nas: Reader, source: FarmText, paths: Paths): Promise<void> {
  const problems: Problem[] = []
  const add = (key: keyof Paths, wrong: string | undefined) => {
    const message = `${quoted(paths[key])} ${wrong}`
    if (wrong !== undefined) problems.push({ path: ['paths', key], message })
  }
  for (const key of dirs) add(key, await noDirectory(nas, paths[key]))
  for (const key of files) add(key, await noFile(nas, paths[key]))
  refuseProblems(source, problems)
}

/** What stands where a directory is, or would be made, at or above a path; undefined: nothing. */
async function noDirectory(nas: Reader, path: string, at = path): Promise<string | undefined> {
  // Of a link this is what it leads to.
  if ((await nas.list(at)) !== undefined) return undefined
  const there = await nas.read(at)
  if (there === undefined) return await noDirectory(nas, path, dirname(at))
  const what =
    there.kind === 'link'
      ? `a link to ${quoted(there.target)}, where no directory is`
      : 'a file, and no directory'
  return at === path ? `is ${what}` : `lies below ${at}, which is ${what}`
}

/** A link is for the part to judge that would write there. */
async function noFile(nas: Reader, path: string): Promise<string | undefined> {
  const beside = await nas.list(dirname(path))
  if (beside === undefined) return await noDirectory(nas, path, dirname(path))
  const there = beside.get(basename(path))
  if (there === 'dir') return 'is a directory, and no file'
  return there === 'other' ? 'is a pipe, a socket or a device, and no file' : undefined
}
