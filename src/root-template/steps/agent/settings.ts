import { fileAt, textAt } from '../../inside/texts.ts'
import { lockFileOf, mediaDirOf } from '../../media-places.ts'
import type { TemplateWishes } from '../../step.ts'
import type { Tree } from '../../tree.ts'
import { agentAccount, agentUser } from './account.ts'
import type { Part } from './part.ts'

export const configPath = '/etc/pifarm-agent.json'

/**
 * The agent's settings. Whoever owns them gets the token of each Pi, too (resources/rootfs), so they
 * are there even when they say nothing.
 */
export const settings: Part = {
  async judge(tree, wishes) {
    const file = await fileAt(tree, configPath)
    if (file === undefined) return [`${configPath} is missing`]
    const problems: string[] = []
    const found = await settingsIn(tree)
    for (const [key, value] of Object.entries(wanted(found, wishes)))
      if (found[key] !== value) problems.push(`${configPath} has not the ${key} ${value}`)
    if (file.mode !== 0o600) problems.push(`${configPath} may be read by others than its owner`)
    if (file.uid !== (await agentAccount(tree)).uid)
      problems.push(`${configPath} is not owned by ${agentUser}`)
    return problems
  },
  async mend(tree, wishes) {
    const found = await settingsIn(tree)
    const { uid, gid } = await agentAccount(tree)
    await tree.put(configPath, {
      kind: 'file',
      // What else a person wrote into it stays.
      text: `${JSON.stringify({ ...found, ...wanted(found, wishes) }, undefined, 2)}\n`,
      encoding: 'utf8',
      mode: 0o600,
      uid,
      gid,
    })
    return `wrote ${configPath}`
  },
}

/** What has to stand there. A person's own places are as good as ours. */
function wanted(
  found: Readonly<Record<string, unknown>>,
  wishes: TemplateWishes,
): Readonly<Record<string, unknown>> {
  return {
    ...(wishes.controller !== undefined && { controller: wishes.controller }),
    mediaDir: found.mediaDir ?? mediaDirOf(wishes),
    lockFile: found.lockFile ?? lockFileOf(wishes),
  }
}

/** The settings as they are; empty where there are none, or where the file holds no JSON object. */
export async function settingsIn(tree: Tree): Promise<Readonly<Record<string, unknown>>> {
  try {
    const value: unknown = JSON.parse((await textAt(tree, configPath)) ?? '{}')
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
