import { UserError } from '../../errors.ts'
import type { Host } from '../../host/host.ts'
import { needPrograms } from '../../host/need-programs.ts'
import type { Workshop } from '../../host/workshop.ts'
import { type Packing, packingOf, unpackTool } from '../decompress.ts'
import { fetchFailure } from '../fetch-failure.ts'
import { sideBySide } from '../side-by-side.ts'
import type { Source } from '../source.ts'
import { extractArgv } from '../tar-argv.ts'
import { sizeOfSource } from './source-file.ts'

const flagOf: Readonly<Record<Exclude<Packing, 'zip'>, readonly string[]>> = {
  none: [],
  xz: ['--xz'],
  gz: ['--gzip'],
  zst: ['--zstd'],
  bz2: ['--bzip2'],
}
/** A guess at how much larger a packed root gets; it decides only whether to begin. */
const unpackedFactor = 3
/** So deep may a root lie in an archive, e.g. `mnt/PiRoots/template/`. */
const deepest = 8

/** A root as `tar -cpf clone.tar /clone` packs it: plain or compressed, with or without a leading directory. */
export function fromTar(nas: Host, workshop: Workshop, file: string): Source {
  let packing: Packing = 'none'
  let size = 0
  return {
    kind: 'tar',
    description: `tar ${file}`,
    async survey() {
      size = await sizeOfSource(nas, workshop, file)
      packing = packingOf(await workshop.bytes(file, 0, 16))
      if (packing === 'none') await refuseOpenEnd(workshop, file, size)
      if (packing === 'zip')
        throw new UserError(`${file} is a zip file: owners and links are lost in one`, {
          hint: 'pack the root with tar',
        })
      const tool = unpackTool[packing]
      await needPrograms(nas, tool === undefined ? ['tar'] : ['tar', tool])
      return { bytes: packing === 'none' ? size : size * unpackedFactor, facts: [] }
    },
    async fetch(to, report, signal) {
      const flag = packing === 'zip' ? [] : flagOf[packing]
      const argv = extractArgv(to.into, flag)
      const progress = (done: number) => report({ done, total: size })
      // xz packs large files in blocks, which it can unpack side by side.
      const env = { XZ_DEFAULTS: '-T0' }
      const [sha256] = await sideBySide(
        signal,
        (either) => workshop.sha256(file, either),
        async (either) => {
          const work = { argv, input: file, log: to.log, progress, env }
          const output = await workshop.work(work, either)
          if (output.code !== 0)
            throw fetchFailure(`unpacking ${file}`, output, 'see that the file was copied whole')
        },
      )
      await liftRoot(nas, to.into, file)
      return { sha256, notes: [] }
    },
  }
}

/** An archive ends in zeros; of one that was cut off between two files, tar says nothing. */
async function refuseOpenEnd(workshop: Workshop, file: string, size: number): Promise<void> {
  const last = await workshop.bytes(file, Math.max(0, size - 512), 512)
  if (last.length === 512 && last.every((byte) => byte === 0)) return
  throw new UserError(`${file} has no end, or is no tar`, {
    hint: 'see that the file was copied whole',
  })
}

/**
 * Moves the root up out of the directories that it was packed with. By renaming, and so never out of
 * `into`, which on btrfs is a subvolume of its own.
 */
async function liftRoot(nas: Host, into: string, file: string): Promise<void> {
  const root = await findRoot(nas, into, file)
  if (root === into) return
  const leading = root.slice(into.length + 1).split('/')[0] ?? ''
  const names = [...((await nas.list(root))?.keys() ?? [])]
  // Out of the way first: the root may hold an entry of its leading directory's name.
  const lifted = `${into}/${unlike([leading, ...names])}`
  await nas.moveTree(root, lifted)
  await nas.removeTree(`${into}/${leading}`)
  for (const name of names) await nas.moveTree(`${lifted}/${name}`, `${into}/${name}`)
  for (const what of ['chown', 'chmod']) await nas.run([what, `--reference=${lifted}`, '--', into])
  await nas.removeTree(lifted)
}

/** A name that is none of these. */
function unlike(names: readonly string[]): string {
  let name = '.pifarm-lifted'
  while (names.includes(name)) name += '-'
  return name
}

async function findRoot(nas: Host, into: string, file: string): Promise<string> {
  let dir = into
  for (let depth = 0; depth < deepest; depth++) {
    const entries = (await nas.list(dir)) ?? new Map()
    if (entries.get('etc') === 'dir') return dir
    const [name, kind] = [...entries][0] ?? []
    if (entries.size !== 1 || kind !== 'dir') break
    dir = `${dir}/${name}`
  }
  throw new UserError(`${file} holds no root filesystem: there is no etc at its top`, {
    hint: 'pack one with: tar -cpf clone.tar --xattrs --xattrs-include=* --acls -S /clone',
  })
}
