import { showTable } from '../../src/ui/show-table.ts'
import { agentIdle } from './agent-idle.ts'
import { clone } from './clone.ts'
import { extraction } from './extraction.ts'
import { farms } from './farms.ts'
import { logScan } from './log-scan.ts'
import type { Row } from './measure.ts'
import { mux } from './mux.ts'
import { queue } from './queue.ts'
import { startUp } from './start-up.ts'

const benches: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  'start-up': startUp,
  'log-scan': logScan,
  extraction,
  farms: async () => {
    const cloned = await clone()
    return [...cloned.rows, ...(await farms(cloned.ms))]
  },
  mux,
  'agent-idle': agentIdle,
  queue,
}

/** Measures pifarm against its bars, and prints one table. A bar that is missed is no failure. */
const wanted = process.argv.slice(2)
for (const name of wanted)
  if (!Object.hasOwn(benches, name))
    throw new Error(`no bench ${name}; there are ${Object.keys(benches).join(', ')}`)
const rows: Row[] = []
for (const [name, bench] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  rows.push(...(await bench()))
  process.stderr.write(`bench: ${name} done\n`)
}

process.stdout.write(
  `${showTable(
    ['what', 'pifarm', 'peer', 'ratio', 'bar', 'ok?'],
    rows.map(({ what, pifarm, peer, ratio, bar }) => [
      what,
      pifarm,
      peer,
      `${ratio.toFixed(2)}x`,
      bar === undefined ? '' : `${bar}x`,
      bar === undefined ? '' : ratio <= bar ? 'yes' : 'no',
    ]),
  )}\n`,
)
