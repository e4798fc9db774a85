import { exitCodes, quoted, UserError } from '../../errors.ts'
import type { Farm } from '../../farm/farm.ts'
import { templateName } from '../../farm/schema.ts'
import type { Shared } from '../../program.ts'
import { refuseMounted } from '../../resources/rootfs/in-use.ts'
import { architectureOf } from '../../root-template/architecture.ts'
import { type Emulation, withEmulation } from '../../root-template/emulation.ts'
import {
  type Finding,
  fix,
  lint as judge,
  type Kind,
  type Mended,
  rulesFor,
} from '../../root-template/lint.ts'
import { buildLog, manifestsDir } from '../../root-template/manifest.ts'
import { Stages } from '../../root-template/stages.ts'
import { treeOnDisk } from '../../root-template/tree-on-disk.ts'
import { withLog } from '../../root-template/with-log.ts'
import type { Tools } from '../../tools.ts'
import type { Ui } from '../../ui/ui.ts'
import { flag } from '../pi-options.ts'
import { readFarm, withCleanFarm } from '../session.ts'
import { warnForeign } from '../warn-foreign.ts'
import { readWishes, type WishOptions } from './wishes.ts'

interface LintTools extends Tools {
  readonly emulation: Emulation
}

interface LintOptions extends WishOptions, Shared {
  readonly name: string
  readonly fix?: true
  readonly json?: true
}

/** Judges a template, or a Pi's root, by the rules that a build keeps. Ends with 5 on findings. */
export async function lint(tools: Tools, options: LintOptions): Promise<number> {
  return await withEmulation(tools.nas, tools.ui.say, async (emulation) => {
    const emulating = { ...tools, emulation }
    if (options.fix) return await mendAll(emulating, options)
    const { farm } = await readFarm(tools.nas, options.config)
    return await report(emulating, farm, options)
  })
}

async function mendAll(tools: LintTools, options: LintOptions): Promise<number> {
  const { nas, ui, signal } = tools
  return await withCleanFarm(tools, options.config, async ({ farm }) => {
    const { tree, wishes, kind, log } = await open(tools, farm, options, true)
    // Whoever is root on a Pi could plant a link under the hand that mends.
    if (kind === 'root') await refuseMounted(farm, nas, [options.name])
    await nas.put(manifestsDir(farm), { kind: 'dir', mode: 0o755 })
    const former = await nas.read(log)
    const before = former?.kind === 'file' ? former.text : ''
    const display = ui.steps(rulesFor(kind).map(({ title }) => title))
    const stages = new Stages(display, signal)
    const mended: Mended[] = []
    try {
      await fix(tree, wishes, kind, (one) => mended.push(one), stages)
    } catch (cause) {
      stages.fail(cause)
      throw halfMended(await withLog(nas, { path: log, before }, cause))
    } finally {
      await display.end()
      tell(ui, mended)
    }
    return await report(tools, farm, options)
  })
}

/** What was mended before a step failed stays, and perhaps half of what that step does: no other status says so. */
function halfMended(cause: unknown): unknown {
  const isKnown = cause instanceof UserError || (cause instanceof Error && 'errno' in cause)
  if (!isKnown) return cause
  const hint = cause instanceof UserError ? cause.hint : undefined
  return new UserError(cause.message, { hint, exitCode: exitCodes.needsHands, cause })
}

function tell(ui: Ui, mended: readonly Mended[]): void {
  for (const { step, changes } of mended) {
    ui.say(`${step.title}:`)
    for (const change of changes) ui.say(`  ${change}`)
  }
}

async function open(tools: LintTools, farm: Farm, options: LintOptions, mayChange = false) {
  const { nas, workshop, signal, emulation } = tools
  const name = flag('NAME', templateName, options.name) ?? ''
  const top = `${farm.paths.roots}/${name}`
  if ((await nas.list(top))?.get('etc') !== 'dir')
    throw new UserError(`there is no template or root ${quoted(name)} in ${farm.paths.roots}`, {
      hint: 'see them with: pifarm template list, pifarm list',
    })
  const kind: Kind = farm.pis.some((pi) => pi.name === name) ? 'root' : 'template'
  const log = buildLog(farm, name)
  const look = kind === 'root' ? 'never' : 'look'
  const files = workshop.filesBelow(top)
  const tree = treeOnDisk({
    nas,
    workshop,
    files,
    emulation,
    log,
    signal,
    ...(!mayChange && { enter: look }),
  })
  return { tree, wishes: await readWishes(tools, farm, name, options), kind, log }
}

async function report(tools: LintTools, farm: Farm, options: LintOptions): Promise<number> {
  const { tree, wishes, kind } = await open(tools, farm, options)
  const findings = await judge(tree, wishes, kind)
  const broken = findings.filter(({ problems }) => problems.length > 0)
  if (options.json) tools.ui.answer(JSON.stringify(findings.map(asData), null, 2))
  else for (const finding of findings) tools.ui.answer(show(finding))
  warnForeign(tools.ui, options.name, await architectureOf(tree))
  if (broken.length === 0) tools.ui.say(`${options.name} keeps every rule`)
  return broken.length === 0 ? exitCodes.done : exitCodes.changesPending
}

function asData({ step, problems, notes }: Finding) {
  return { rule: step.id, problems, notes, why: step.why, cure: cureOf(step) }
}

function show({ step, problems, notes }: Finding): string {
  const lines = [...problems, ...notes.map((note) => `note: ${note}`)].map((line) => `  ${line}`)
  const why = problems.length === 0 ? [] : [`  why: ${step.why}`, `  cure: ${cureOf(step)}`]
  return [step.id, ...lines, ...why].join('\n')
}

/** Nothing was done yet: `--fix turns it on`, and not `turns it on`. */
function cureOf({ cure }: Finding['step']): string {
  return cure.startsWith('by hand: ') ? cure : `--fix ${cure}`
}
