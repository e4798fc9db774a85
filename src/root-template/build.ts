import { UserError } from '../errors.ts'
import { type Farm, templateRoot } from '../farm/farm.ts'
import { type Host, unfinishedOf } from '../host/host.ts'
import { needPrograms } from '../host/need-programs.ts'
import type { Workshop } from '../host/workshop.ts'
import { refuseFull } from '../resources/rootfs/free-space.ts'
import type { Report, Ui } from '../ui/ui.ts'
import { describe, type StepResult } from './describe.ts'
import type { Emulation } from './emulation.ts'
import { cleanLeftovers, deleteOrTell, refuseLeft, scratchOf } from './leftovers.ts'
import { buildLog, type Manifest, manifestPath, manifestsDir } from './manifest.ts'
import { hookNames, runHook } from './run-hook.ts'
import type { FetchTo, Source } from './source.ts'
import { Stages } from './stages.ts'
import type { Step, TemplateWishes } from './step.ts'
import type { Tree } from './tree.ts'
import { treeOnDisk } from './tree-on-disk.ts'
import { withLog } from './with-log.ts'

export interface BuildTools {
  readonly nas: Host
  readonly workshop: Workshop
  readonly ui: Ui
  readonly signal: AbortSignal
  now(): Date
}

export interface BuildRequest {
  readonly source: Source
  readonly wishes: TemplateWishes
  readonly steps: readonly Step[]
  readonly emulation: Emulation
  /** A directory whose executables run inside, in the order of their names. */
  readonly hookDir: string | undefined
  /** The uid of whoever called sudo: their hooks are as good as root's. */
  readonly caller: string | undefined
  /** For the manifest. */
  readonly builder: string
}

/**
 * Makes `<roots>/<name>` from a source. All is done in a directory of another name, which is renamed
 * at the very end: however a build is cut off, there is no template. The caller holds the lock.
 */
export async function buildTemplate(
  tools: BuildTools,
  farm: Farm,
  request: BuildRequest,
): Promise<Manifest> {
  const { nas, ui, signal } = tools
  const { name } = request.wishes
  const root = templateRoot(farm, name)
  const into = unfinishedOf(root)
  const log = buildLog(farm, name)
  const to: FetchTo = { into, scratch: scratchOf(into), log }
  await needPrograms(nas, ['setpriv', 'unshare', 'cp', 'du', 'rm'])
  await refuseTaken(nas, farm, name)
  const { hookDir, caller } = request
  const hooks = hookDir === undefined ? [] : await hookNames(nas, hookDir, caller, ui.warn)
  await nas.put(manifestsDir(farm), { kind: 'dir', mode: 0o755 })
  await nas.put(log, undefined)
  try {
    const { bytes, facts } = await request.source.survey(signal)
    for (const fact of facts) ui.say(fact)
    for (const line of await cleanLeftovers(nas, farm)) ui.warn(line)
    await refuseLeft(nas, farm, name)
    await refuseFull(nas, farm.paths.roots, bytes)
    warnOfNoLogin(ui, request)
    const manifest = await build(tools, request, hooks, to)
    await seal(nas, farm, manifest, into)
    return manifest
  } catch (cause) {
    await nas.put(manifestPath(farm, name), undefined)
    throw await withLog(nas, { path: log, before: '' }, cause)
  } finally {
    request.source.close?.()
    for (const path of [into, to.scratch]) {
      const failure = await deleteOrTell(nas, path)
      if (failure !== undefined) ui.warn(failure)
    }
  }
}

/** The rule `login` says so at the end, minutes later. Other sources may bring accounts with them. */
function warnOfNoLogin(ui: Ui, { source, wishes }: BuildRequest): void {
  const { user, sshKeys, passwordHash } = wishes
  if (source.kind !== 'bootstrap' || sshKeys.length > 0 || passwordHash !== undefined) return
  ui.warn(
    `so far nobody can log in: ${user} gets neither a password nor an ssh key; give one with --ssh-key FILE or --password-hash`,
  )
}

async function refuseTaken(nas: Host, farm: Farm, name: string): Promise<void> {
  if (farm.pis.some((pi) => pi.name === name))
    throw new UserError(`${name} is the name of a Pi, whose root has that place`, {
      hint: 'give the template another name',
    })
  const root = templateRoot(farm, name)
  if ((await nas.read(root)) === undefined) return
  throw new UserError(`${root} is there already`, {
    hint: `build under another name, or first: pifarm template remove ${name}`,
  })
}

async function build(
  tools: BuildTools,
  request: BuildRequest,
  hooks: readonly string[],
  to: FetchTo,
): Promise<Manifest> {
  const { nas, workshop, ui, signal } = tools
  const { source, wishes, steps, emulation, hookDir } = request
  const titles = [
    `fetch ${source.description}`,
    ...steps.map(({ title }) => title),
    ...hooks.map((hook) => `hook ${hook}`),
    ...(hooks.length === 0 ? [] : ['what the hooks have undone']),
    'seal',
  ]
  const display = ui.steps(titles)
  const progress = new Stages(display, signal)
  try {
    await workshop.makeTop(to.into)
    await workshop.makeTop(to.scratch)
    const fetched = await progress.stage((report) => source.fetch(to, report, signal))
    const files = workshop.filesBelow(to.into)
    const chroot = { nas, workshop, files, emulation, log: to.log, signal }
    const tree = treeOnDisk(chroot)
    await refuseNoRoot(tree, source)
    const done: StepResult[] = []
    for (const step of steps)
      done.push(await progress.stage((report) => mend(step, tree, wishes, report)))
    for (const hook of hooks)
      await progress.stage(() => runHook(chroot, hookDir ?? '', hook, wishes.name))
    // A hook may have made keys or taken on a swap file: what was mended is looked at again.
    if (hooks.length > 0)
      await progress.stage(async (report) => {
        for (const step of steps) done.push(await mend(step, tree, wishes, report))
      })
    return await progress.stage(async () => {
      const manifest = await describe(tools, request, { tree, fetched, done, hooks })
      // Or a power cut after the rename could leave a template of empty files.
      await nas.flush([], [to.into])
      return manifest
    })
  } catch (error) {
    progress.fail(error)
    throw error
  } finally {
    await display.end()
  }
}

async function mend(
  step: Step,
  tree: Tree,
  wishes: TemplateWishes,
  report: Report,
): Promise<StepResult> {
  const changes = await step.mend(tree, wishes, report)
  return { id: step.id, title: step.title, changes: [...changes] }
}

async function refuseNoRoot(tree: Tree, { description }: Source): Promise<void> {
  const top = (await tree.list('/')) ?? new Map()
  if (top.get('etc') === 'dir' && (top.has('usr') || top.has('bin'))) return
  throw new UserError(`${description} holds no root filesystem: it needs etc, and usr or bin`)
}

/** The manifest comes first: a template without one would be one that nobody knows anything of. */
async function seal(nas: Host, farm: Farm, manifest: Manifest, into: string): Promise<void> {
  await nas.put(manifestPath(farm, manifest.name), {
    kind: 'file',
    text: `${JSON.stringify(manifest, null, 2)}\n`,
    encoding: 'utf8',
    mode: 0o644,
    uid: 0,
    gid: 0,
  })
  await nas.moveTree(into, templateRoot(farm, manifest.name))
}
