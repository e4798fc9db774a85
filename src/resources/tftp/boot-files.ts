import { UserError } from '../../errors.ts'
import { templateBoot } from '../../farm/farm.ts'
import type { Entry, Reader } from '../../host/host.ts'
import type { CloneTree } from '../../plan/change.ts'
import { findTemplate, type Template } from '../find-template.ts'
import type { Look } from '../resource.ts'
import { type BaseConfig, baseConfig } from './config.ts'

/** A template's boot files inside the TFTP root: what every Pi of it links to. */
export interface BootFiles {
  readonly template: string
  readonly path: string
  readonly entries: ReadonlyMap<string, Entry['kind']>
  readonly config: BaseConfig
  /** Lays them there. Undefined: they are. */
  readonly clone: CloneTree | undefined
  readonly warnings: readonly string[]
}

/**
 * Looks at the copy in the TFTP root, and at the template itself only where there is no copy yet:
 * a farm keeps booting, and planning, when a template is gone.
 */
export async function lookBootFiles(look: Look, template: string): Promise<BootFiles> {
  const { farm, nas, owned } = look
  const path = templateBoot(farm, template)
  const entries = await nas.list(path)
  if (entries === undefined) return await newBootFiles(look, template, path)
  if (!owned.has(path))
    throw new UserError(`${path} exists, and pifarm did not make it`, {
      hint: `move it away: mv ${path} ${farm.paths.tftp}/${template}.old`,
    })
  const config = await readConfig(nas, path)
  return { template, path, entries, config, clone: undefined, warnings: [] }
}

async function newBootFiles(
  { farm, nas }: Look,
  template: string,
  path: string,
): Promise<BootFiles> {
  const found = await findTemplate(farm, nas, template)
  return {
    template,
    path,
    entries: found.bootEntries,
    config: await readConfig(nas, found.boot),
    clone: {
      kind: 'clone-tree',
      from: found.boot,
      to: path,
      seeds: [],
      bytes: 0,
      why: `the boot files of template ${template}`,
    },
    warnings: await refuseUnreadable(nas, found),
  }
}

async function readConfig(nas: Reader, dir: string): Promise<BaseConfig> {
  const path = `${dir}/config.txt`
  const entry = await nas.read(path)
  return baseConfig(path, entry?.kind === 'file' ? entry : undefined)
}

/**
 * The daemon reads as an ordinary user in a chroot, and a copy keeps the modes: boot files that
 * came off a FAT partition mounted with a strict mask are root's alone. Answers warnings.
 */
async function refuseUnreadable(nas: Reader, { boot }: Template): Promise<string[]> {
  const wrong = ['(', '-type', 'd', '!', '-perm', '-005', '-o', '-type', 'f', '!', '-perm', '-004']
  const outside = ['-o', '-type', 'l', '(', '-lname', '/*', '-o', '-lname', '../*', ')', ')']
  const { stdout } = await nas.ask(['find', boot, ...wrong, ...outside, '-printf', '%y %p\\n'])
  const lines = stdout.split('\n').filter((line) => line !== '')
  const unreadable = lines.find((line) => !line.startsWith('l '))
  if (unreadable !== undefined)
    throw new UserError(`the TFTP daemon could not read ${unreadable.slice(2)}`, {
      hint: `let everybody read the boot files: chmod -R a+rX ${boot}`,
    })
  return lines.map(
    (line) => `${line.slice(2)} is a link out of the boot files, which TFTP does not follow`,
  )
}
