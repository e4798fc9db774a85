import type { Shared } from '../program.ts'
import type { Tools } from '../tools.ts'
import { changeFarm } from './change-farm.ts'
import { withCleanFarm } from './session.ts'

/** Makes the NAS what farm.yaml says. */
export async function apply(tools: Tools, options: Shared): Promise<number> {
  const { code } = await withCleanFarm(tools, options.config, (loaded) =>
    changeFarm(tools, loaded, loaded.source, { question: 'Apply this?' }),
  )
  return code
}
