import type { Health } from '../plan/health.ts'
import type { CutOff, LooseEnds } from '../plan/loose-ends.ts'
import { type Paint, plain } from './paint.ts'
import { showTable } from './show-table.ts'
import { visible } from './visible.ts'

export interface Status {
  readonly looseEnds: LooseEnds
  readonly parts: readonly Health[]
  /** How many there are. */
  readonly pis: number
  /** The names of those that have not asked for their files yet. */
  readonly pending: readonly string[]
}

/** A line for each part of the NAS, then what is not as it should be, then what comes next. */
export function showStatus(status: Status, paint: Paint = plain): string {
  const { parts, pis, pending, looseEnds } = status
  const waiting = pending.length === 0 ? '' : `, ${pending.length} pending: ${pending.join(', ')}`
  const rows = [
    ...parts.map((health) => [health.part, stateOf(health, looseEnds)]),
    ['pis', `${pis === 0 ? 'none' : pis}${waiting}`],
  ]
  const sections = [
    showTable(['PART', 'STATE'], rows),
    parts.flatMap(({ part, wrong }) =>
      wrong.map((line) => paint.remove(`${part}: ${visible(line)}`)),
    ),
    parts.flatMap(({ warnings }) => warnings.map((line) => `warning: ${visible(line)}`)),
    [...leftovers(looseEnds), ...whatNext(status)],
  ]
  return sections
    .map((section) => (typeof section === 'string' ? section : section.join('\n')))
    .filter((section) => section !== '')
    .join('\n\n')
}

/** For programs. A journal itself stays out: it holds private keys. */
export function statusAsJson({ looseEnds, parts, pis, pending }: Status): string {
  const { atWork, cutOff, failed, undeleted } = looseEnds
  const half = cutOff && {
    run: cutOff.record.id,
    startedAt: cutOff.record.startedAt,
    command: cutOff.record.command,
    planned: cutOff.planned,
    made: cutOff.made,
    strange: cutOff.strange,
  }
  const answer = { atWork, cutOff: half, failed, undeleted, parts, pis, pending }
  return JSON.stringify(answer, undefined, 2)
}

function stateOf({ pending = 0, wrong }: Health, { atWork, cutOff }: LooseEnds): string {
  if (wrong.length > 0 && pending === 0) return 'wrong'
  if (pending > 0) return pending === 1 ? '1 change pending' : `${pending} changes pending`
  return (atWork ?? cutOff) ? 'half done' : 'as farm.yaml says'
}

function leftovers({ atWork, cutOff, failed, undeleted }: LooseEnds): string[] {
  return [
    ...(atWork === undefined ? [] : [`at work: ${visible(atWork)}`]),
    ...(cutOff === undefined || atWork !== undefined ? [] : cutOffLines(cutOff)),
    ...undeleted.map((path) => `to be deleted for good: ${visible(path)}`),
    ...failed.map(
      (path) =>
        `a run could not be put back whole: what was there before is in ${visible(path)}; move that away when you have looked`,
    ),
  ]
}

function cutOffLines({ record, planned, made, strange }: CutOff): string[] {
  return [
    `cut off: ${visible(record.command)} (run ${record.id}, ${record.startedAt}), ${made} of ${planned} changes made`,
    ...strange.map((subject) => `neither as before nor as planned: ${visible(subject)}`),
  ]
}

/** What the next command that changes the NAS does first. */
function whatNext({ looseEnds, parts }: Status): string[] {
  const { atWork, cutOff, undeleted } = looseEnds
  if (atWork !== undefined)
    return ['next: wait for it to end; other commands are refused meanwhile']
  if (cutOff !== undefined) {
    const rest =
      cutOff.strange.length > 0
        ? '; what is strange to it is left alone, and it ends with 4'
        : ', and then does its own work'
    return [`next: the next command, \`pifarm apply\` say, puts all of that back first${rest}`]
  }
  if (undeleted.length > 0) return ['next: the next command, `pifarm apply` say, deletes it first']
  return parts.every(({ pending = 0 }) => pending === 0)
    ? []
    : ['next: `pifarm plan` shows what is pending, `pifarm apply` does it']
}
