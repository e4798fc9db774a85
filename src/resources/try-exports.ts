import type { Farm } from '../farm/farm.ts'
import { packageFile } from '../package-file.ts'
import type { Trial } from '../plan/change.ts'

const script = packageFile('templates/exports/check-exports.sh')

/** Runs exportfs over a candidate, fed on stdin, where nobody sees it. See check-exports.sh. */
export function tryExports(farm: Farm): readonly string[] {
  const { exports, etc_exports, exports_dir } = farm.paths
  return [
    ...['unshare', '-mn', '--propagation', 'private'],
    ...['sh', script, exports, etc_exports, exports_dir],
  ]
}

/** Whether exportfs takes the files as they lie: asked before it, or an NFS server, reads them. */
export function exportsTrial(farm: Farm): Trial {
  return { argv: tryExports(farm), input: farm.paths.exports, complaint: ':\\d+: ' }
}
