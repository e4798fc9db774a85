import type { Reader } from '../host/host.ts'

/** Where a run holds its lock. */
export function lockFile(state: string): string {
  return `${state}/lock`
}

/**
 * The run that holds the lock at this moment, in its own words. The kernel's table is read, since to
 * try the lock would refuse a command that starts in that instant, and the file keeps its last
 * holder's words when that has long gone.
 */
export async function runAtWork(nas: Reader, state: string): Promise<string | undefined> {
  const file = lockFile(state)
  const words = await nas.read(file)
  if (words?.kind !== 'file') return undefined
  const { code, stdout: inode } = await nas.ask(['stat', '-c', '%i', file])
  const table = await nas.read('/proc/locks')
  if (code !== 0 || table?.kind !== 'file') return undefined
  // `1: FLOCK  ADVISORY  WRITE 4242 08:01:131073 0 EOF`
  const held = new RegExp(`FLOCK +ADVISORY +WRITE +-?\\d+ +\\w+:\\w+:${inode.trim()} `)
  return held.test(table.text) ? words.text.trim() || 'another run' : undefined
}
