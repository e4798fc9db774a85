import { UserError } from '../../errors.ts'
import { bootDir, type Pi } from '../../farm/farm.ts'
import type { Serial } from '../../farm/schema.ts'
import { type Entry, type LinkEntry, type Reader, sameEntry } from '../../host/host.ts'
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

/** The links of all Pis of one template, by name. */
export interface TemplateLinks {
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
    first: links.filter(([name]) => !starters.includes(name)),
    starters: links.filter(([name]) => starters.includes(name)),
  }
}

/**
 * Makes `<tftp>/<serial>` what a Pi needs. What a person has put into it is left alone. `present`:
 * the links of all Pis, found in one look.
 */
export async function piDirChanges(
  look: Look,
  pi: Pi & { readonly serial: Serial },
  files: BootFiles,
  links: TemplateLinks,
  present: ReadonlyMap<string, LinkEntry>,
): Promise<Put[]> {
  const { farm, nas, owned } = look
  const dir = bootDir(farm, pi.serial)
  const why = `${pi.name} boots from it`
  const there = await nas.read(dir)
  if (there !== undefined && (!owned.has(dir) || there.kind !== 'dir'))
    throw new UserError(`${dir} exists, and pifarm did not make it`, {
      hint: `move it away: mv ${dir} ${dir}.old`,
    })
  const names = (await nas.list(dir)) ?? new Map<string, Entry['kind']>()
  const wanted = wantedEntries(look, pi, files, links)
  const readable: Entry = { kind: 'dir', mode: 0o755 }
  const changes: Put[] = sameEntry(there, readable)
    ? []
    : [{ kind: 'put', path: dir, before: there, after: readable, why }]
  for (const name of names.keys())
    if (!wanted.has(name)) changes.push(...(await staleLink(nas, `${dir}/${name}`)))
  for (const [name, after] of wanted) {
    const path = `${dir}/${name}`
    const before = names.has(name) ? (present.get(path) ?? (await nas.read(path))) : undefined
    if (!sameEntry(before, after) && mayReplace(name, before))
      changes.push({ kind: 'put', path, before, after, why })
  }
  return changes
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

/** In the order in which they are made: a Pi that boots meanwhile must not find a half directory. */
function wantedEntries(
  { farm }: Look,
  pi: Pi,
  { config }: BootFiles,
  links: TemplateLinks,
): ReadonlyMap<string, Entry> {
  const cmdline: Entry = {
    kind: 'file',
    text: cmdlineOf(farm, pi),
    encoding: 'utf8',
    mode: 0o644,
    uid: 0,
    gid: 0,
  }
  return new Map<string, Entry>([
    ...links.first,
    ['cmdline.txt', cmdline],
    ['config.txt', configOf(pi, config)],
    ...links.starters,
  ])
}

async function staleLink(nas: Reader, path: string): Promise<Put[]> {
  const before = await nas.read(path)
  if (!isOurLink(before)) return []
  const why = 'its template has no such file any more'
  return [{ kind: 'put', path, before, after: undefined, why }]
}

/** A file in the place of one of our links is a person's own kernel or device tree. */
function mayReplace(name: string, before: Entry | undefined): boolean {
  return before === undefined || isOwnFile(name) || isOurLink(before)
}

function isOwnFile(name: string): boolean {
  return ownFiles.some((own) => own === name)
}

function isOurLink(entry: Entry | undefined): boolean {
  return entry?.kind === 'link' && entry.target.startsWith(linkPrefix)
}

function startersFirst(names: readonly string[]): string[] {
  return [
    ...names.filter((name) => starters.includes(name)),
    ...names.filter((name) => !starters.includes(name)),
  ]
}
