export interface MountPoint {
  /** Another one where the same was unmounted and mounted again. */
  readonly id: string
  readonly type: string
  readonly source: string
}

/** What /proc/self/mountinfo says is mounted at a directory; reading it never waits for a server. */
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
