import { exitCodes } from '../errors.ts'
import type { Shared } from '../program.ts'
import type { Tools } from '../tools.ts'
import { showTable } from '../ui/show-table.ts'
import { readFarm } from './session.ts'

interface ListOptions extends Shared {
  readonly json?: true
}

/** The Pis of the farm, as farm.yaml has them. */
export async function list(tools: Tools, options: ListOptions): Promise<number> {
  const { farm } = await readFarm(tools.nas, options.config)
  if (options.json) {
    tools.ui.answer(JSON.stringify(farm.pis, undefined, 2))
    return exitCodes.done
  }
  if (farm.pis.length === 0) {
    tools.ui.say('no Pi yet: pifarm add-pi --mac b8:27:eb:xx:xx:xx')
    return exitCodes.done
  }
  const rows = farm.pis.map((pi) => [
    pi.name,
    pi.mac,
    pi.serial ?? 'pending',
    pi.address,
    String(pi.muxid),
    pi.model,
    pi.template,
  ])
  tools.ui.answer(
    showTable(['NAME', 'MAC', 'SERIAL', 'ADDRESS', 'MUXID', 'MODEL', 'TEMPLATE'], rows, {
      columns: tools.ui.columns,
      shortens: { NAME: 'middle', TEMPLATE: 'middle' },
      leavesOut: ['MODEL', 'TEMPLATE', 'MUXID'],
    }),
  )
  return exitCodes.done
}
