import { agentConfig } from '../../../agent/settings/agent-config.ts'
import type { Step } from '../../step.ts'
import type { Tree } from '../../tree.ts'
import { account, agentUser } from './account.ts'
import { passage } from './passage.ts'
import { program, programPath } from './program.ts'
import { enabled, service, unit } from './service.ts'
import { configPath, settings, settingsIn } from './settings.ts'

/** Each relies on those before it. */
const parts = [account, program, unit, enabled, settings, passage]

export const agent: Step = {
  id: 'agent',
  title: 'Muxer agent',
  why: 'a Pi without the agent boots and then does nothing; one of another version than the controller may not understand it',
  cure: `adds the user ${agentUser}, writes pifarm's own agent to ${programPath}, installs and enables ${service}, and writes ${configPath} with the controller's URL and the places of the media share and the lock file, to which it lets others pass through the home of the login user`,
  async inspect(tree, wishes) {
    const problems: string[] = []
    for (const part of parts) problems.push(...(await part.judge(tree, wishes)))
    return [...problems, ...(await refusals(tree))]
  },
  async mend(tree, wishes) {
    const changed: string[] = []
    for (const part of parts)
      if ((await part.judge(tree, wishes)).length > 0) changed.push(await part.mend(tree, wishes))
    return changed
  },
  async notes(tree, wishes) {
    const { controller } = await settingsIn(tree)
    if (controller !== undefined || wishes.controller !== undefined) return []
    return [
      `${configPath} names no controller: build with --controller URL, or boot with muxcnc=URL`,
    ]
  },
}

/** What the agent would end on at its start. A person wrote it, so that a person mends it. */
async function refusals(tree: Tree): Promise<readonly string[]> {
  const { error } = agentConfig.safeParse(await settingsIn(tree))
  return (error?.issues ?? []).map(
    ({ path, message }) => `${configPath}: ${path.join('.') || 'the whole'}: ${message}`,
  )
}
