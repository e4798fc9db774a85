/**
 * pifarm as it was built, with a stopwatch around the NAS. Plain JavaScript, for a loader would be
 * timed with it. `node stopwatch.js REPORT COMMAND...` writes ms into the JSON file REPORT.
 */
import { writeFileSync } from 'node:fs'
import { realFresh } from '../../dist/fresh.js'
import { localHost } from '../../dist/local.js'
import { run } from '../../dist/program.js'
import { terminal } from '../../dist/terminal.js'

const [report = '', ...argv] = process.argv.slice(2)
const nas = localHost()
/** Since the process began. */
let firstLook
const spent = { copy: 0, reloads: 0, asked: 0 }
const asks = []

/** The same, its time added up. */
function timed(kind, act) {
  return async (...args) => {
    const start = performance.now()
    try {
      return await act(...args)
    } finally {
      spent[kind] += performance.now() - start
      if (kind !== 'copy') asks.push([args[0].slice(0, 3).join(' '), performance.now() - start])
    }
  }
}

const watched = {
  ...nas,
  read: async (...args) => {
    firstLook ??= performance.now()
    return await nas.read(...args)
  },
  cloneTree: timed('copy', nas.cloneTree),
  flush: async (dirs, trees) => {
    await nas.flush(dirs, [])
    if (trees.length > 0) await timed('copy', () => nas.flush([], trees))()
  },
  run: timed('reloads', nas.run),
  ask: timed('asked', nas.ask),
}

process.exitCode = await run(argv, async (yes) => ({
  nas: watched,
  ui: await terminal({ yes }),
  fresh: realFresh(),
  signal: new AbortController().signal,
  now: () => new Date(),
  isRoot: true,
  command: ['pifarm', ...argv].join(' '),
}))
const total = performance.now()
writeFileSync(report, JSON.stringify({ firstLook, total, ...spent, asks }))
