import { dirname } from 'node:path/posix'
import { lockFileOf } from '../../media-places.ts'
import type { TemplateWishes } from '../../step.ts'
import type { Part } from './part.ts'

/**
 * The lock file and the media share lie in the login user's home, which Debian makes 0700: the agent
 * would see neither. Others may then pass through it, and still not list it.
 */
export const passage: Part = {
  async judge(tree, wishes) {
    const home = homeOf(wishes)
    const entry = await tree.read(home)
    if (entry?.kind !== 'dir') return [`${home} is missing`]
    return (entry.mode & 0o001) === 0 ? [`${home} lets nobody through to the media share`] : []
  },
  async mend(tree, wishes) {
    const home = homeOf(wishes)
    const entry = await tree.read(home)
    const mode = entry?.kind === 'dir' ? entry.mode : 0o755
    await tree.put(home, { kind: 'dir', mode: mode | 0o001 })
    return `${home} lets others pass through to what they know the name of`
  },
}

function homeOf(wishes: TemplateWishes): string {
  return dirname(lockFileOf(wishes))
}
