import { open } from 'node:fs/promises'
import { mountedAt, readMountinfo } from './mount-point.ts'

export interface HeldShare {
  /** Whether something else, or nothing, is mounted there by now. */
  isLost(): boolean
  release(): Promise<void>
}

/**
 * Keeps hold of what is mounted at a directory. The kernel gives the number of a mount that nobody
 * has open any more to the next one: only while it is held is the same number the same mount.
 */
export async function holdShare(dir: string): Promise<HeldShare> {
  const handle = await open(dir)
  const mount = () => mountedAt(readMountinfo(), dir)?.id
  const begun = mount()
  return {
    isLost: () => mount() !== begun,
    release: () => handle.close(),
  }
}
