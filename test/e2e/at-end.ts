import { constants } from 'node:os'

const works: (() => void)[] = []

/**
 * Does this when the process ends, the latest first. A signal ends it, and so does the loss of the
 * process that has forked it: Vitest's worker outlives a Vitest that was killed.
 */
export function atEnd(work: () => void): void {
  if (works.push(work) > 1) return
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => process.exit(128 + constants.signals[signal]))
  process.on('disconnect', () => process.exit(1))
  process.on('exit', () => {
    for (const one of works.reverse())
      try {
        one()
      } catch (error) {
        process.stderr.write(`${error}\n`)
      }
  })
}
