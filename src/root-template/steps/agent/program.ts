import { agentProgram, agentVersionIn } from '../../../agent-program.ts'
import { fileAt } from '../../inside/texts.ts'
import type { Part } from './part.ts'

const dir = '/opt/pifarm'
export const programPath = `${dir}/agent.mjs`

/** The agent itself: pifarm's own, for what it says to the controller changes with the version. */
export const program: Part = {
  async judge(tree) {
    const found = await fileAt(tree, programPath)
    if (found === undefined) return [`${programPath} is missing`]
    const own = agentProgram()
    if (found.text === own) {
      const isSafe = found.uid === 0 && (found.mode & 0o022) === 0
      return isSafe ? [] : [`${programPath} may be written by others than root`]
    }
    const [theirs, ours] = [found.text, own].map(agentVersionIn)
    return [
      theirs === ours
        ? `${programPath} says it is ${ours}, but differs from this pifarm's`
        : `${programPath} is ${theirs ?? 'no agent of pifarm'}, and this pifarm's is ${ours}`,
    ]
  },
  async mend(tree) {
    if ((await tree.read(dir))?.kind !== 'dir') await tree.put(dir, { kind: 'dir', mode: 0o755 })
    const text = agentProgram()
    await tree.put(programPath, {
      kind: 'file',
      text,
      encoding: 'utf8',
      mode: 0o755,
      uid: 0,
      gid: 0,
    })
    return `wrote ${programPath} ${agentVersionIn(text)}`
  },
}
