import { UserError } from '../../errors.ts'
import type { Reader } from '../../host/host.ts'

/** A proc or a boot partition left mounted in a tree would be missing from every copy of it. */
export async function refuseMountsBelow(nas: Reader, roots: readonly string[]): Promise<void> {
  if (roots.length === 0) return
  const mountinfo = await nas.read('/proc/self/mountinfo')
  if (mountinfo?.kind !== 'file') return
  for (const line of mountinfo.text.split('\n')) {
    const mountPoint = line.split(' ')[4] ?? ''
    if (roots.some((root) => mountPoint.startsWith(`${root}/`)))
      throw new UserError(`${mountPoint} is mounted inside a template`, {
        hint: `unmount it first: umount ${mountPoint}`,
      })
  }
}
