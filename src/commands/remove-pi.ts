import * as edit from '../farm/edit.ts'
import { rootOf } from '../farm/farm.ts'
import type { Shared } from '../program.ts'
import type { Tools } from '../tools.ts'
import { changeFarm } from './change-farm.ts'
import { withCleanFarm, withFarm } from './session.ts'
import { piNamed } from './set-pi.ts'

interface RemovePiOptions extends Shared {
  readonly name: string
  readonly purge?: true
  readonly plan?: true
}

/** Takes a Pi out of the farm. Its root is kept aside unless it is purged. */
export async function removePi(tools: Tools, options: RemovePiOptions): Promise<number> {
  const session = options.plan ? withFarm : withCleanFarm
  return await session(tools, options.config, async (loaded) => {
    const pi = piNamed(loaded.farm, options.name)
    const root = rootOf(loaded.farm, pi)
    const question = options.purge
      ? `Delete ${root} for good? This cannot be taken back.`
      : `Take ${pi.name} out of the farm? Its root is kept beside ${root}.`
    const { code } = await changeFarm(tools, loaded, edit.removePi(loaded.source, pi.name), {
      purge: options.purge === true,
      planOnly: options.plan === true,
      question,
    })
    return code
  })
}
