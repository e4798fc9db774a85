import { UserError } from '../../../errors.ts'
import { type Account, accountOf } from '../../inside/accounts.ts'
import { linesAt, putText, textAt, withLine } from '../../inside/texts.ts'
import type { Tree } from '../../tree.ts'
import type { Part } from './part.ts'

export const agentUser = 'hls-muxer'
/**
 * The same in every template: on the media share the number is all that the NAS sees of the agent.
 * Far below 999, from where Debian's packages take theirs downwards.
 */
const id = 561
const passwd = '/etc/passwd'
/** As systemd-sysusers writes them: no password, no shell. The last two are not in every root. */
const lines: readonly (readonly [string, string])[] = [
  ['/etc/group', `${agentUser}:x:${id}:`],
  [passwd, `${agentUser}:x:${id}:${id}:HLS muxer:/nonexistent:/usr/sbin/nologin`],
  ['/etc/shadow', `${agentUser}:!*:::::::`],
  ['/etc/gshadow', `${agentUser}:!*::`],
]

/**
 * A user of its own, who owns nothing but the agent's settings and what the agent writes. Written by
 * hand: useradd would have to be run inside, and a Pi's root has whatever useradd the Pi has made.
 */
export const account: Part = {
  async judge(tree) {
    const found = await accountOf(tree, agentUser)
    return found === undefined ? [`${passwd} has no user ${agentUser}`] : []
  },
  async mend(tree) {
    for (const file of [passwd, '/etc/group']) await refuseTaken(tree, file)
    const changed: string[] = []
    for (const [file, line] of lines) {
      const text = await textAt(tree, file)
      if (text === undefined && file !== passwd) continue
      if ((text ?? '').split('\n').some(isOurs)) continue
      await putText(tree, file, withLine(text ?? '', line))
      changed.push(file)
    }
    return `added the user ${agentUser} to ${changed.join(', ')}`
  },
}

/** The agent's account in a tree; root's numbers where it has none yet. */
export async function agentAccount(tree: Tree): Promise<Pick<Account, 'uid' | 'gid'>> {
  return (await accountOf(tree, agentUser)) ?? { uid: 0, gid: 0 }
}

function isOurs(line: string): boolean {
  return line.startsWith(`${agentUser}:`)
}

async function refuseTaken(tree: Tree, file: string): Promise<void> {
  const taken = (await linesAt(tree, file)).find(
    (line) => line.split(':')[2] === String(id) && !isOurs(line),
  )
  if (taken !== undefined)
    throw new UserError(`${file} of ${tree.top} gives the number ${id} to ${taken.split(':')[0]}`, {
      hint: `the agent's user ${agentUser} has that number on every Pi: give the other one another`,
    })
}
