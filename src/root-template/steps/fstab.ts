import { isLocal, withoutLocalDisks } from '../inside/fstab.ts'
import { linesAt, putText, textAt } from '../inside/texts.ts'
import type { Step } from '../step.ts'

const path = '/etc/fstab'

export const fstab: Step = {
  id: 'fstab',
  title: 'No local disks',
  why: 'a Pi without a card waits 90 seconds for each disk in fstab and then stops in emergency mode, where nobody can reach it',
  cure: 'takes the lines of local disks, of swap and of / out, and keeps every other line as it is',
  async inspect(tree) {
    return (await linesAt(tree, path))
      .filter(isLocal)
      .map((line) => `${path} mounts what a Pi has not: ${line.trim().replace(/\s+/g, ' ')}`)
  },
  async mend(tree) {
    const text = (await textAt(tree, path)) ?? ''
    const without = withoutLocalDisks(text)
    if (without === text) return []
    const gone = text.split('\n').filter(isLocal)
    await putText(tree, path, without)
    return gone.map((line) => `${path} is without ${line.trim().replace(/\s+/g, ' ')}`)
  },
}
