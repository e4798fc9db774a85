import { UserError } from '../../errors.ts'
import type { Reader } from '../../host/host.ts'

/** A proc or a boot partition left mounted in a tree would be missing from every copy of it. */
export async function refuseMountsBelow(nas: Reader, roots: readonly string[]): Promise<void> {
  if (roots.length === 0) return
  const found = (await mountPoints(nas)).find((mountPoint) =>
    roots.some((root) => mountPoint.startsWith(`${root}/`)),
  )
  if (found === undefined) return
  throw new UserError(`${found} is mounted inside a template`, {
    hint: `unmount it first: umount ${found}`,
  })
}

/** rename(2) answers EBUSY to a mount point. */
export async function refuseMountPoint(nas: Reader, root: string): Promise<void> {
  if (!(await mountPoints(nas)).includes(root)) return
  throw new UserError(`${root} is a mount point, which cannot be deleted`, {
    hint: `unmount it first: umount ${root}`,
  })
}

async function mountPoints(nas: Reader): Promise<readonly string[]> {
  const mountinfo = await nas.read('/proc/self/mountinfo')
  if (mountinfo?.kind !== 'file') return []
  return mountinfo.text.split('\n').map((line) => line.split(' ')[4] ?? '')
}
