import { showTable } from '../../src/ui/show-table.ts'
import { clone } from './clone.ts'
import { extraction } from './extraction.ts'
import { farms } from './farms.ts'
import { logScan } from './log-scan.ts'
import type { Row } from './measure.ts'
import { startUp } from './start-up.ts'

/** Measures pifarm against its bars, and prints one table. A bar that is missed is no failure. */
const started = await startUp()
process.stderr.write('bench: start-up done\n')
const cloned = await clone()
process.stderr.write('bench: clone done\n')
const scanned = await logScan()
process.stderr.write('bench: log scan done\n')
const extracted = await extraction()
process.stderr.write('bench: extraction done\n')
const rows: readonly Row[] = [
  ...started,
  ...cloned.rows,
  ...scanned,
  ...extracted,
  ...(await farms(cloned.ms)),
]

process.stdout.write(
  `${showTable(
    ['what', 'pifarm', 'peer', 'ratio', 'bar', 'ok?'],
    rows.map(({ what, pifarm, peer, ratio, bar }) => [
      what,
      pifarm,
      peer,
      `${ratio.toFixed(2)}x`,
      `${bar}x`,
      ratio <= bar ? 'yes' : 'no',
    ]),
  )}\n`,
)
