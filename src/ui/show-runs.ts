import { countsOf, type Fate, type PastRun } from '../plan/past-runs.ts'
import { showTable } from './show-table.ts'

const longest = 80

/** What was done here, newest first, and what of it `undo` can still take back. */
export function showRuns(runs: readonly PastRun[], columns?: number): string {
  const rows = runs.map(({ record, fate }) => [
    record.id,
    record.startedAt.replace(/\.\d+Z$/, 'Z'),
    shortened(record.command),
    Object.entries(countsOf(record))
      .map(([part, changes]) => `${part} ${changes}`)
      .join(', ') || 'reloads only',
    inWords(fate),
  ])
  return showTable(['RUN', 'STARTED', 'COMMAND', 'CHANGES', 'UNDO'], rows, {
    columns,
    shortens: { COMMAND: 'end', CHANGES: 'end', UNDO: 'end' },
    leavesOut: ['CHANGES'],
  })
}

/** For programs. The changes themselves stay out: they hold private keys. */
export function runsAsJson(runs: readonly PastRun[]): string {
  const all = runs.map(({ record, fate }) => ({
    run: record.id,
    startedAt: record.startedAt,
    command: record.command,
    changes: countsOf(record),
    fate,
  }))
  return JSON.stringify(all, undefined, 2)
}

/** A command line such as init's, with all its settings, would leave no room for the rest. */
function shortened(command: string): string {
  return command.length > longest ? `${command.slice(0, longest - 3)}...` : command
}

function inWords(fate: Fate): string {
  switch (fate.kind) {
    case 'next':
      return 'next'
    case 'later':
      return 'after those above'
    case 'undone':
      return `taken back by ${fate.by}`
    case 'undo':
      return `took back ${fate.of}`
    case 'final':
      return `no: it deleted ${fate.deleted}`
    case 'behind':
      return `no: before ${fate.of}, which deleted for good`
    default:
      return fate satisfies never
  }
}
