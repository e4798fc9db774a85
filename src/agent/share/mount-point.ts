import { readFileSync } from 'node:fs'

export interface MountPoint {
  /** Another one where the same was unmounted and mounted again. */
  readonly id: string
  readonly type: string
  readonly source: string
}

/**
 * The text of /proc/self/mountinfo; reading it never waits for a server. Node 18, which Debian 12 has,
 * takes the first page of such a file for all of it, but for when it reads synchronously.
 */
export function readMountinfo(): string {
  return readFileSync('/proc/self/mountinfo', 'utf8')
}

/** What /proc/self/mountinfo says is mounted at a directory. */
export function mountedAt(mountinfo: string, dir: string): MountPoint | undefined {
  let found: MountPoint | undefined
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ')
    const [id = '', , device = '', , point = ''] = before.split(' ')
    if (unescaped(point) !== dir) continue
    const [type = '', source = ''] = after.split(' ')
    // Of several at one place the last lies on top.
    found = { id: `${id} ${device}`, type, source: unescaped(source) }
  }
  return found
}

/** Blanks and the like are written as three octal digits. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}
