import { mountedAt } from '../inside/fstab.ts'
import { putText, textAt, withLine } from '../inside/texts.ts'
import { isOn } from '../inside/units.ts'
import type { Step } from '../step.ts'
import type { Tree } from '../tree.ts'

/** A Pi 3B has 1 GB: these are limits, not what is taken. */
const lines = {
  '/tmp': 'tmpfs /tmp tmpfs nosuid,nodev,mode=1777,size=25% 0 0',
  '/var/log': 'tmpfs /var/log tmpfs nosuid,nodev,noexec,mode=0755,size=32m 0 0',
} as const

export const tmpfs: Step = {
  id: 'tmpfs',
  title: 'Logs and temporary files in memory',
  why: 'over NFS every line of a log is a round trip to the NAS, and a NAS that is busy stops the Pi',
  cure: 'adds tmpfs lines for /tmp and /var/log to /etc/fstab',
  async inspect(tree) {
    return (await missing(tree)).map((place) => `${place} is written over NFS`)
  },
  async mend(tree) {
    const places = await missing(tree)
    if (places.length === 0) return []
    let text = (await textAt(tree, '/etc/fstab')) ?? ''
    for (const place of places) text = withLine(text, lines[place])
    await putText(tree, '/etc/fstab', text)
    return places.map((place) => `${place} is a tmpfs`)
  },
}

async function missing(tree: Tree): Promise<readonly (keyof typeof lines)[]> {
  const text = (await textAt(tree, '/etc/fstab')) ?? ''
  const found: (keyof typeof lines)[] = []
  // Since Debian 13, systemd makes /tmp one by itself.
  if (mountedAt(text, '/tmp') === undefined && !(await isOn(tree, 'tmp.mount'))) found.push('/tmp')
  if (mountedAt(text, '/var/log') === undefined) found.push('/var/log')
  return found
}
