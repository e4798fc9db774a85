import { UserError } from '../../errors.ts'
import { bootDir, type Farm, type Pi } from '../../farm/farm.ts'
import type { Serial } from '../../farm/schema.ts'
import {
  type DirLook,
  type Entry,
  type Glimpse,
  type LinkEntry,
  type Reader,
  sameEntry,
} from '../../host/host.ts'
import type { Put } from '../../plan/change.ts'
import type { Look } from '../resource.ts'
import type { BootFiles } from './boot-files.ts'
import { cmdlineOf } from './cmdline.ts'
import { configOf } from './config.ts'

/** The files in a Pi's directory that are its own; all others are links to its template's. */
const ownFiles = ['cmdline.txt', 'config.txt'] as const
/** A Pi takes a directory for its own when it finds one of these in it. */
const starters = ['start.elf', 'start4.elf']
/** How every link of ours begins: relative, since the daemon's root is the TFTP root. */
const linkPrefix = '../templates/'

/** The links of all Pis of one template. */
export interface TemplateLinks {
  readonly names: ReadonlySet<string>
  readonly first: readonly (readonly [string, LinkEntry])[]
  /** Laid last. */
  readonly starters: readonly (readonly [string, LinkEntry])[]
}

/** Made once for a template: a thousand Pis share it. */
export function linksTo({ template, entries }: BootFiles): TemplateLinks {
  const links = [...entries.keys()]
    .filter((name) => !isOwnFile(name))
    .sort()
    .map((name) => [name, { kind: 'link', target: `${linkPrefix}${template}/${name}` }] as const)
  return {
    names: new Set(links.map(([name]) => name)),
    first: links.filter(([name]) => !starters.includes(name)),
    starters: links.filter(([name]) => starters.includes(name)),
  }
}

/**
 * Makes `<tftp>/<serial>` what a Pi needs. What a person has put into it is left alone. `present`:
 * what is there, of one look at those of all Pis.
 */
export async function piDirChanges(
  look: Look,
  pi: Pi & { readonly serial: Serial },
  files: BootFiles,
  links: TemplateLinks,
  present: DirLook | undefined,
): Promise<Put[]> {
  const { farm, nas, owned } = look
  const dir = bootDir(farm, pi.serial)
  const why = `${pi.name} boots from it`
  const there = present?.entry ?? (await nas.read(dir))
  if (there !== undefined && (!owned.has(dir) || there.kind !== 'dir'))
    throw new UserError(`${dir} exists, and pifarm did not make it`, {
      hint: `move it away: mv ${dir} ${dir}.old`,
    })
  const inside = present?.inside ?? (await lookAt(nas, dir))
  const readable: Entry = { kind: 'dir', mode: 0o755 }
  const changes: Put[] = sameEntry(there, readable)
    ? []
    : [{ kind: 'put', path: dir, before: there, after: readable, why }]
  for (const [name, entry] of inside)
    if (isOurLink(entry) && !links.names.has(name) && !isOwnFile(name))
      changes.push(...(await staleLink(nas, `${dir}/${name}`)))
  const lay = (links: TemplateLinks['first']) => {
    for (const [name, after] of links) {
      const before = inside.get(name)
      if (before === undefined || (isOurLink(before) && before.target !== after.target))
        changes.push({ kind: 'put', path: `${dir}/${name}`, before, after, why })
    }
  }
  // In this order: a Pi that boots meanwhile must not find a half directory.
  lay(links.first)
  for (const [name, after] of ownEntries(farm, pi, files)) {
    const path = `${dir}/${name}`
    const before = inside.has(name) ? await nas.read(path) : undefined
    if (!sameEntry(before, after)) changes.push({ kind: 'put', path, before, after, why })
  }
  lay(links.starters)
  return changes
}

async function staleLink(nas: Reader, path: string): Promise<Put[]> {
  // Once more: a name that is not UTF-8 cannot be told, and that link stays.
  const before = await nas.read(path)
  if (!isOurLink(before)) return []
  const why = 'its template has no such file any more'
  return [{ kind: 'put', path, before, after: undefined, why }]
}

/** One that is not in the look at all of them, since it was made only then. */
async function lookAt(nas: Reader, dir: string): Promise<DirLook['inside']> {
  const inside = new Map<string, Entry>()
  for (const name of (await nas.list(dir))?.keys() ?? []) {
    const entry = await nas.read(`${dir}/${name}`)
    if (entry !== undefined) inside.set(name, entry)
  }
  return inside
}

/** Takes a Pi's directory away, but for what a person has put into it. */
export async function removePiDir(
  nas: Reader,
  dir: string,
): Promise<{ readonly changes: readonly Put[]; readonly foreign: readonly string[] }> {
  const why = 'no Pi of the farm boots from it any more'
  const changes: Put[] = []
  const foreign: string[] = []
  for (const name of startersFirst([...((await nas.list(dir))?.keys() ?? [])])) {
    const path = `${dir}/${name}`
    const before = await nas.read(path)
    if (isOwnFile(name) || isOurLink(before))
      changes.push({ kind: 'put', path, before, after: undefined, why })
    else foreign.push(name)
  }
  if (foreign.length === 0)
    changes.push({ kind: 'put', path: dir, before: await nas.read(dir), after: undefined, why })
  return { changes, foreign }
}

function ownEntries(farm: Farm, pi: Pi, { config }: BootFiles): readonly [string, Entry][] {
  const text = cmdlineOf(farm, pi)
  return [
    ['cmdline.txt', { kind: 'file', text, encoding: 'utf8', mode: 0o644, uid: 0, gid: 0 }],
    ['config.txt', configOf(pi, config)],
  ]
}

function isOwnFile(name: string): boolean {
  return ownFiles.some((own) => own === name)
}

/** A file in the place of one of our links is a person's own kernel or device tree, and stays. */
function isOurLink(entry: Glimpse | undefined): entry is LinkEntry {
  return entry?.kind === 'link' && entry.target.startsWith(linkPrefix)
}

function startersFirst(names: readonly string[]): string[] {
  return [
    ...names.filter((name) => starters.includes(name)),
    ...names.filter((name) => !starters.includes(name)),
  ]
}
