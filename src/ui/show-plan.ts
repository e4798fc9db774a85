import { dirname } from 'node:path'
import prettyBytes from 'pretty-bytes'
import type { Entry } from '../host/host.ts'
import type { Change, LiveRules, Plan, Put, Step } from '../plan/change.ts'
import { titleOf } from '../plan/jobs.ts'
import { type Paint, plain } from './paint.ts'
import { showDiff } from './show-diff.ts'
import { visible } from './visible.ts'

/** Further links into one directory are counted, not listed. */
const fewLinks = 3

/** The plan as a person reads it: per resource its changes, then what is run and what is worth knowing. */
export function showPlan(plan: Plan, paint: Paint = plain): string {
  const warnings = plan.steps.flatMap(({ warnings }) => warnings)
  const changed = plan.steps.filter(({ changes, reloads }) => changes.length + reloads.length > 0)
  const sections = changed.map((step) => showStep(step, paint))
  const purge = plan.purge.map((path) =>
    paint.remove(`- ${visible(path)}/ is deleted for good: this cannot be taken back`),
  )
  if (purge.length > 0) sections.push(purge.join('\n'))
  if (sections.length === 0) sections.push('nothing to do: the NAS is as farm.yaml says')
  if (warnings.length > 0) {
    sections.push(warnings.map((line) => `warning: ${visible(line)}`).join('\n'))
  }
  return sections.join('\n\n')
}

function showStep(step: Step, paint: Paint): string {
  const { changes, reloads, resource } = step
  const lines = [titleOf(step).replace(resource, paint.bold)]
  const { links, others } = gatherLinks(changes)
  for (const change of others) lines.push(...showChange(change, paint))
  for (const group of links) lines.push(showLinks(group, paint))
  for (const { argv, why } of reloads) {
    lines.push(`then: ${visible(argv.join(' '))}${paint.dim(reason(why))}`)
  }
  return lines.join('\n')
}

/** Groups of links that appear or go in one directory, where it gets more than a few. */
function gatherLinks(changes: readonly Change[]) {
  const groups = new Map<string, [Put, ...Put[]]>()
  for (const change of changes) {
    if (!isLink(change)) continue
    const key = `${dirname(change.path)} ${signOf(change)}`
    const group = groups.get(key)
    if (group) group.push(change)
    else groups.set(key, [change])
  }
  const links = [...groups.values()].filter((group) => group.length > fewLinks)
  const gathered = new Set<Change>(links.flat())
  return { links, others: changes.filter((change) => !gathered.has(change)) }
}

function isLink(change: Change): change is Put {
  if (change.kind !== 'put') return false
  return [change.before, change.after].every((entry) => !entry || entry.kind === 'link')
}

function showLinks(group: readonly [Put, ...Put[]], paint: Paint): string {
  const [first] = group
  const targets = new Set(group.map((put) => dirname(targetOf(put.after ?? put.before))))
  const to = targets.size === 1 ? ` to ${visible([...targets].join())}` : ''
  const sign = signOf(first)
  const line = `${sign} ${visible(dirname(first.path))}/  ${group.length} links${to}`
  return `  ${tint(sign, line, paint)}${paint.dim(reason(first.why))}`
}

function signOf({ before, after }: Put): '+' | '-' | '~' {
  if (before === undefined) return '+'
  return after === undefined ? '-' : '~'
}

function tint(sign: '+' | '-' | '~', text: string, paint: Paint): string {
  if (sign === '~') return text
  return sign === '+' ? paint.add(text) : paint.remove(text)
}

function showChange(change: Change, paint: Paint): string[] {
  switch (change.kind) {
    case 'put':
      return showPut(change, paint)
    case 'clone-tree': {
      const size = change.bytes > 0 ? `, ${prettyBytes(change.bytes)}` : ''
      const own = [...new Set(change.seeds.map((seed) => visible(seed.path)))]
      const line = `+ ${visible(change.to)}/  a copy of ${visible(change.from)}/${size}`
      return [
        `  ${paint.add(line)}${paint.dim(reason(change.why))}`,
        ...(own.length > 0 ? [paint.dim(`      with its own ${own.join(', ')}`)] : []),
      ]
    }
    case 'move-tree': {
      const line = `~ ${visible(change.from)}/  is moved to ${visible(change.to)}/`
      return [`  ${line}${paint.dim(reason(change.why))}`]
    }
    case 'live-rules':
      return showRules(change, paint)
    default:
      return change satisfies never
  }
}

function showPut(put: Put, paint: Paint): string[] {
  const { path, before, after, secret, why } = put
  const sign = signOf(put)
  const what = [describe(before), describe(after)].filter((text) => text !== '')
  const detail = what[0] === what[1] ? '' : `  ${what.join(' -> ')}`
  const head = tint(sign, `${sign} ${visible(path)}${detail}`, paint)
  const lines = [`  ${head}${paint.dim(reason(why))}`]
  if (before?.kind !== 'file' && after?.kind !== 'file') return lines
  if (secret) return [...lines, paint.dim('      (secret: not shown)')]
  return [...lines, ...showDiff(textOf(before), textOf(after), paint)]
}

function showRules({ before, after, why }: LiveRules, paint: Paint): string[] {
  const joined = (rules: readonly string[]) => rules.map((rule) => `${rule}\n`).join('')
  return [
    `  ~ the firewall's live rules${paint.dim(reason(why))}`,
    ...showDiff(joined(before), joined(after), paint),
  ]
}

function describe(entry: Entry | undefined): string {
  switch (entry?.kind) {
    case 'file':
      return [
        `mode ${entry.mode.toString(8).padStart(4, '0')}`,
        ...(entry.uid === 0 && entry.gid === 0 ? [] : [`owner ${entry.uid}:${entry.gid}`]),
      ].join(' ')
    case 'dir':
      return `directory, mode ${entry.mode.toString(8).padStart(4, '0')}`
    case 'link':
      return `link to ${visible(entry.target)}`
    case 'other':
      return 'something else'
    default:
      return ''
  }
}

function textOf(entry: Entry | undefined): string {
  return entry?.kind === 'file' ? entry.text : ''
}

function targetOf(entry: Entry | undefined): string {
  return entry?.kind === 'link' ? entry.target : ''
}

function reason(why: string): string {
  return why === '' ? '' : `  (${visible(why)})`
}

/** The plan for programs, as `--json` prints it. Secret contents are left out. */
export function planAsJson(plan: Plan): string {
  const steps = plan.steps.map(({ resource, changes, reloads, warnings }) => ({
    resource,
    changes: changes.map(asData),
    reloads: reloads.map(({ argv, why }) => ({ argv, why })),
    warnings,
  }))
  return JSON.stringify({ steps, purge: plan.purge }, undefined, 2)
}

function asData(change: Change): unknown {
  switch (change.kind) {
    case 'put': {
      const { before, after, ...rest } = change
      const shown = change.secret ? withoutText : (entry: Entry | undefined) => entry
      return { ...rest, before: shown(before), after: shown(after) }
    }
    case 'clone-tree': {
      // The seeds hold private keys.
      const seeds = change.seeds.map((seed) => ({ path: seed.path }))
      return { ...change, seeds }
    }
    default:
      return change
  }
}

function withoutText(entry: Entry | undefined): unknown {
  if (entry?.kind !== 'file') return entry
  const { text: _, ...rest } = entry
  return rest
}
