// The built pifarm, killed with SIGKILL right before its k-th change of the NAS, or in the middle of
// it, or before the first of a kind. Ends as pifarm does when it makes fewer changes than that; then
// its last line names them.
//
//   node killed-pifarm.js K|Kmid|KIND ARGUMENTS...

import { realFresh } from '../../dist/fresh.js'
import { localHost } from '../../dist/local.js'
import { run } from '../../dist/program.js'
import { terminal } from '../../dist/terminal.js'

const [when = '', ...args] = process.argv.slice(2)
const inTheMiddle = when.endsWith('mid')
const last = Number.parseInt(when, 10)
const changes = []

const nas = localHost()
for (const change of ['put', 'putBelow', 'flush', 'cloneTree', 'moveTree', 'removeTree', 'run']) {
  const real = nas[change]
  nas[change] = async (...parameters) => {
    changes.push(change)
    if (changes.length !== last && change !== when) return await real(...parameters)
    if (inTheMiddle) {
      real(...parameters).catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 3))
    }
    process.kill(process.pid, 'SIGKILL')
    await new Promise(() => {})
  }
}

process.exitCode = await run(args, async (yes) => ({
  nas,
  ui: await terminal({ yes }),
  fresh: realFresh(),
  signal: new AbortController().signal,
  isRoot: true,
  command: `pifarm ${args.join(' ')}`,
  now: () => new Date(),
}))
process.stderr.write(`changes: ${changes.join(' ')}\n`)
