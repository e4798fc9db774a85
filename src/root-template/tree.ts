import type { Entry, Output } from '../host/host.ts'

/**
 * A root filesystem that is being built, seen from its own top: `/etc/fstab` is the template's, not
 * the NAS's. Links are resolved inside it, as a chroot would; none leads out.
 */
export interface Tree {
  /** Absolute path on the NAS of the tree's top. */
  readonly top: string
  /** Undefined where nothing is there. The last link of a path is not followed. */
  read(path: string): Promise<Entry | undefined>
  list(dir: string): Promise<ReadonlyMap<string, Entry['kind']> | undefined>
  /** Makes the entry what it says, missing directories above it included; undefined removes it. */
  put(path: string, entry: Entry | undefined): Promise<void>
  /** Removes a directory and all below it. Nothing there is no error. */
  removeTree(path: string): Promise<void>
  /** Runs a command of the NAS that only looks, e.g. `getcap -r <top>`. A failure is an answer. */
  ask(argv: readonly string[], input?: string): Promise<Output>
  /**
   * Runs a command inside, in a chroot with /proc, /sys and /dev; foreign architectures through
   * qemu. `status` is called with each line that it writes to its file descriptor 3.
   */
  run(argv: readonly string[], status?: (line: string) => void): Promise<Output>
}
