import { quoted } from '../errors.ts'
import type { Problem } from './cross-check.ts'
import type { FarmSettings } from './farm-schema.ts'
import type { Path } from './farm-text.ts'

/** What farm.yaml is called in messages: it is a file that nothing else may be. */
const itself = 'this farm.yaml'

/** A setting that names a place on the NAS. */
interface NamedPath {
  /** As messages have it: `paths.roots`. */
  readonly key: string
  readonly path: string
  /** Of a directory: who reaches what lies in it, and so why nothing else may. Undefined: a file. */
  readonly holds: string | undefined
}

/**
 * Settings that name the same place, or a place within another's. What lies in the TFTP root is
 * served to everybody, what lies below the roots or the media share Pis may write, and the state
 * holds private keys: none of them may reach into another by a slip in farm.yaml. `isWritten` says
 * which of two settings a person can be shown, for the other may be a default.
 */
export function pathClashes(
  settings: FarmSettings,
  farmFile: string,
  isWritten: (key: Path) => boolean,
): readonly Problem[] {
  const places = [...placesOf(settings), ...file(itself, farmFile)]
  return places.flatMap((one, index) =>
    places.slice(index + 1).flatMap((other) => clash(one, other, isWritten) ?? []),
  )
}

function placesOf({ paths, services, controller }: FarmSettings): NamedPath[] {
  const ofController = controller.enable
    ? [
        dir('controller.media', controller.media, 'is written by the Pis'),
        ...file('controller.database', controller.database),
        ...file('controller.tls_cert', controller.tls_cert),
        ...file('controller.tls_key', controller.tls_key),
      ]
    : []
  return [
    dir('paths.roots', paths.roots, 'belongs to the Pis'),
    dir('paths.tftp', paths.tftp, 'is served to everybody'),
    dir('paths.state', paths.state, 'holds private keys and the journal'),
    dir('paths.nfs_state', paths.nfs_state, 'belongs to the NFS server'),
    dir('paths.exports_dir', paths.exports_dir, 'is read by exportfs'),
    ...ofController,
    ...file('paths.tftpd_default', paths.tftpd_default),
    ...file('paths.etc_exports', paths.etc_exports),
    ...file('paths.exports', paths.exports),
    ...file('paths.dhcpd_conf', paths.dhcpd_conf),
    ...file('paths.dhcp', paths.dhcp),
    ...file('paths.firewall', paths.firewall),
    ...file('paths.nfs_conf', paths.nfs_conf),
    ...file('services.dhcp.pid_file', services.dhcp.pid_file),
    ...file('services.log.file', services.log.file),
  ]
}

function dir(key: string, path: string, holds: string): NamedPath {
  return { key, path, holds }
}

function file(key: string, path: string | undefined): NamedPath[] {
  return path === undefined ? [] : [{ key, path, holds: undefined }]
}

/** Each of these is meant: a marked block in the shared file, and one PEM file with both halves. */
const mayBeSame = new Set([
  'paths.etc_exports paths.exports',
  'paths.dhcpd_conf paths.dhcp',
  'controller.tls_cert controller.tls_key',
])

/** The controller's own files lie in the state by default, and drop-ins lie side by side. */
function mayLieIn(inner: NamedPath, outer: NamedPath): boolean {
  if (inner.holds !== undefined) return false
  if (outer.key === 'paths.state') return inner.key.startsWith('controller.')
  return outer.key === 'paths.exports_dir'
}

function clash(
  one: NamedPath,
  other: NamedPath,
  isWritten: (key: Path) => boolean,
): Problem | undefined {
  if (one.path === other.path) {
    if (mayBeSame.has(`${one.key} ${other.key}`)) return undefined
    const [at, beside] = isWritten(keysOf(other)) ? [other, one] : [one, other]
    return { path: keysOf(at), message: `${quoted(at.path)} is ${beside.key} too` }
  }
  const [inner, outer] = one.path.startsWith(`${other.path}/`) ? [one, other] : [other, one]
  if (!inner.path.startsWith(`${outer.path}/`) || mayLieIn(inner, outer)) return undefined
  const why = outer.holds ?? 'is a file'
  if (isWritten(keysOf(inner)))
    return {
      path: keysOf(inner),
      message: `${quoted(inner.path)} lies within ${outer.key} (${outer.path}), which ${why}`,
    }
  return {
    path: keysOf(outer),
    message: `${inner.key} (${inner.path}) lies within ${quoted(outer.path)}, which ${why}`,
  }
}

function keysOf({ key }: NamedPath): Path {
  return key === itself ? [] : key.split('.')
}
