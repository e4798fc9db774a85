import {
  asideOf,
  bootDir,
  type Farm,
  type Pi,
  templateBoot,
  templateRoot,
} from '../../farm/farm.ts'
import type { Serial } from '../../farm/schema.ts'
import type { Entry } from '../../host/host.ts'
import type { Change, Put, ResourcePlan } from '../../plan/change.ts'
import { dirShouldBe } from '../dir-should-be.ts'
import type { Look, Resource } from '../resource.ts'
import { type BootFiles, lookBootFiles } from './boot-files.ts'
import { linksTo, piDirChanges, removePiDir } from './pi-dir.ts'
import { tftpWarnings } from './warnings.ts'

/**
 * What Pis load before they have a root: `bootcode.bin` for everybody, each template's boot files
 * in `templates/<template>` (no serial reads like that), and a directory per serial.
 */
export const tftp: Resource = {
  name: 'tftp',
  needs: () => ['find'],
  plan,
  probes: () => [],
}

async function plan(look: Look): Promise<ResourcePlan> {
  const { farm, nas } = look
  const { tftp: top } = farm.paths
  const present = (await nas.list(top)) ?? new Map<string, Entry['kind']>()
  const files = await allBootFiles(look)
  const bootcode = await bootcodeChange(look, files.get(farm.defaults.template))
  const leaving = await leavingDirs(look)
  return {
    changes: [
      ...(await dirShouldBe(nas, `${top}/templates`, 0o755, 'what Pis load at boot')),
      ...[...files.values()].flatMap(({ clone }) => clone ?? []),
      ...bootcode.changes,
      ...(await piDirs(look, files)),
      ...leaving.changes,
      ...(await leavingTemplates(look, files)),
    ],
    checks: [],
    reloads: [],
    probes: [],
    warnings: [
      ...[...files.values()].flatMap(({ warnings }) => warnings),
      ...bootcode.warnings,
      ...leaving.warnings,
      ...(await tftpWarnings(farm, nas, present)),
    ],
    owns: [
      ...[...files.values()].map(({ path }) => path),
      ...withSerial(farm).map((pi) => bootDir(farm, pi.serial)),
      ...leaving.kept,
    ],
  }
}

function withSerial(farm: Farm): (Pi & { readonly serial: Serial })[] {
  return farm.pis.flatMap((pi) => (pi.serial === undefined ? [] : [{ ...pi, serial: pi.serial }]))
}

/** Of every template that a Pi has, and of the default one, which bootcode.bin comes from. */
async function allBootFiles(look: Look): Promise<ReadonlyMap<string, BootFiles>> {
  const { farm, nas, goingTemplate } = look
  const names = new Set(farm.pis.map(({ template }) => template))
  const { template: standard } = farm.defaults
  // A template that was removed takes its boot files with it, unless some Pi loads its bootcode.bin.
  const copies = farm.pis.length > 0 ? [templateBoot(farm, standard)] : []
  const places = standard === goingTemplate ? copies : [...copies, templateRoot(farm, standard)]
  // Before the first Pi there may be no template yet.
  for (const place of places) if ((await nas.read(place)) !== undefined) names.add(standard)
  const files = new Map<string, BootFiles>()
  for (const name of names) files.set(name, await lookBootFiles(look, name))
  return files
}

/** The one file that a Pi's ROM asks for by its bare name. */
async function bootcodeChange(
  { farm, nas }: Look,
  files: BootFiles | undefined,
): Promise<{ readonly changes: readonly Put[]; readonly warnings: readonly string[] }> {
  const path = `${farm.paths.tftp}/bootcode.bin`
  const before = await nas.read(path)
  if (before !== undefined && !(before.kind === 'link' && before.target.startsWith('templates/')))
    return { changes: [], warnings: [`${path} is not pifarm's own; it is left as it is`] }
  if (files === undefined) return { changes: [], warnings: [] }
  if (!files.entries.has('bootcode.bin'))
    return {
      changes: [],
      warnings: [`the template ${files.template} has no bootcode.bin, without which no Pi 3 boots`],
    }
  const target = `templates/${files.template}/bootcode.bin`
  if (before?.target === target) return { changes: [], warnings: [] }
  const why = 'the first file that a Pi 3 loads'
  return {
    changes: [{ kind: 'put', path, before, after: { kind: 'link', target }, why }],
    warnings: [],
  }
}

async function piDirs(look: Look, files: ReadonlyMap<string, BootFiles>): Promise<Put[]> {
  const links = new Map([...files].map(([name, bootFiles]) => [name, linksTo(bootFiles)]))
  const present = await look.nas.dirsIn(look.farm.paths.tftp)
  const changes: Put[] = []
  for (const pi of withSerial(look.farm)) {
    const bootFiles = files.get(pi.template)
    const theirs = links.get(pi.template)
    if (bootFiles === undefined || theirs === undefined)
      throw new Error(`no boot files for ${pi.name}`)
    changes.push(...(await piDirChanges(look, pi, bootFiles, theirs, present.get(pi.serial))))
  }
  return changes
}

/** Directories of serials that no Pi has any more. One with a person's files in it stays, as ours. */
async function leavingDirs({ farm, nas, owned }: Look): Promise<{
  readonly changes: readonly Put[]
  readonly warnings: readonly string[]
  readonly kept: readonly string[]
}> {
  const wanted = new Set(withSerial(farm).map((pi) => bootDir(farm, pi.serial)))
  const changes: Put[] = []
  const warnings: string[] = []
  const kept: string[] = []
  for (const dir of owned) {
    if (parentOf(dir) !== farm.paths.tftp || wanted.has(dir)) continue
    const there = await nas.read(dir)
    if (there === undefined) continue
    if (there.kind !== 'dir') {
      // A link a person laid may lead to another Pi's directory.
      warnings.push(`${dir} stays: it is not the directory that pifarm made`)
      continue
    }
    const removal = await removePiDir(nas, dir)
    changes.push(...removal.changes)
    if (removal.foreign.length === 0) continue
    warnings.push(`${dir} stays, for pifarm did not make ${removal.foreign.join(', ')} in it`)
    kept.push(dir)
  }
  return { changes, warnings, kept }
}

async function leavingTemplates(
  { farm, nas, owned, runId }: Look,
  files: ReadonlyMap<string, BootFiles>,
): Promise<Change[]> {
  const wanted = new Set([...files.values()].map(({ path }) => path))
  const changes: Change[] = []
  for (const from of owned) {
    if (parentOf(from) !== `${farm.paths.tftp}/templates` || wanted.has(from)) continue
    if ((await nas.read(from)) === undefined) continue
    const why = 'no Pi has this template any more'
    changes.push({ kind: 'move-tree', from, to: asideOf(from, runId), why })
  }
  return changes
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}
