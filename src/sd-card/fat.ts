import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { exitCodes, UserError } from '../errors.ts'
import type { FileEntry, Host } from '../host/host.ts'
import { needPrograms } from '../host/need-programs.ts'
import { type BootPartition, notAFile } from './boot-partition.ts'
import { isFirmware } from './find-boot-dir.ts'

/** MBR types and GPT types of a partition that may hold a FAT. */
const fatTypes = new Set([
  ...['0x1', '0x4', '0x6', '0xb', '0xc', '0xe', '0xef'],
  'ebd0a0a2-b9e5-4433-87c0-68b6b72699c7',
  'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
])
const linuxTypes = new Set([
  '0x83',
  '0fc63daf-8483-4772-8e79-3d69d8477de4',
  'b921b045-1df0-41c3-af44-4c6f280d3fae',
])
const sector = 512
/** What a file is called until it is whole; a kill leaves it behind, and the next write takes it over. */
const unfinished = 'pifarm.new'

/** A partition inside an image or on a card, in bytes. */
export interface Extent {
  readonly offset: number
  readonly size: number
}

/** The partitions that may be the boot and the root filesystem of an image or a card. */
export async function partitionsOf(
  host: Host,
  target: string,
): Promise<{ readonly fat: readonly Extent[]; readonly linux: readonly Extent[] }> {
  const argv = ['partx', '--pairs', '--output', 'START,SECTORS,TYPE', target]
  const { code, stdout } = await host.ask(argv)
  // Without a partition table the whole of it may be one FAT.
  if (code !== 0) return { fat: [{ offset: 0, size: 0 }], linux: [] }
  const found = [...stdout.matchAll(/START="(\d+)" SECTORS="(\d+)" TYPE="([^"]*)"/g)].map(
    ([, start, sectors, type = '']) => ({
      type: type.toLowerCase(),
      offset: Number(start) * sector,
      size: Number(sectors) * sector,
    }),
  )
  return {
    fat: found.filter(({ type }) => fatTypes.has(type)),
    linux: found.filter(({ type }) => linuxTypes.has(type)),
  }
}

/**
 * The boot partition of an image or a card through mtools, which needs no mount. `workDir` is an
 * own empty directory; the file as it was is kept there while a new one is written.
 */
export async function openFat(host: Host, target: string, workDir: string): Promise<BootPartition> {
  await needPrograms(host, ['mdir', 'mcopy'])
  // mtools gives a name with `$` or a backtick in it to a shell: it only gets to see one of ours.
  const link = `${workDir}/disk-${randomUUID()}`
  await host.put(link, { kind: 'link', target: resolve(target) })
  for (const { offset } of (await partitionsOf(host, target)).fat) {
    const partition = fatAt(host, { target, drive: `${link}@@${offset}` }, workDir)
    // Something else than a FAT may stand behind a partition type that is used for both.
    const names = await partition.list().catch(() => undefined)
    if (names?.some((name) => name === 'config.txt' || isFirmware(name))) return partition
  }
  throw new UserError(`no boot partition of a Raspberry Pi on ${target}`, {
    hint: 'it needs a FAT partition with config.txt or start.elf on it',
  })
}

/** `drive`: the target and where in it the FAT starts, as mtools writes it. */
function fatAt(
  host: Host,
  { target, drive }: { readonly target: string; readonly drive: string },
  workDir: string,
): BootPartition {
  /** With a slash at the end of each directory. */
  async function listing(): Promise<readonly string[]> {
    const text = await mtools(host, ['mdir', '-b', '-i', drive, '::'])
    return (
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.replace(/^::\//, ''))
        // FAT knows no difference: `Config.txt` is the file that `config.txt` would replace.
        .map((name) => name.toLowerCase())
    )
  }

  async function list(): Promise<readonly string[]> {
    return (await listing()).filter((name) => !name.endsWith('/'))
  }

  async function read(name: string): Promise<FileEntry | undefined> {
    const names = await listing()
    if (names.includes(`${name}/`)) throw notAFile(`${name} of ${target}`, 'directory')
    if (!names.includes(name)) return undefined
    const copy = `${workDir}/${name}`
    await mtools(host, ['mcopy', '-n', '-o', '-i', drive, `::${name}`, copy])
    const entry = await host.read(copy)
    // It came whole; what is no file to pifarm is larger than any file that it changes.
    if (entry?.kind !== 'file') throw tooLarge(`${name} of ${target}`)
    return entry
  }

  /** Written beside the old one, which is whole until the new one takes its name in one step. */
  async function copyIn(name: string, entry: FileEntry): Promise<void> {
    const file = `${workDir}/new-${name}`
    await host.put(file, entry)
    try {
      await mtools(host, ['mcopy', '-n', '-o', '-i', drive, file, `::${unfinished}`])
      await host.run(['sync', target])
      await mtools(host, ['mren', '-o', '-i', drive, `::${unfinished}`, `::${name}`])
    } catch (error) {
      await host.run(['env', 'MTOOLS_SKIP_CHECK=1', 'mdel', '-i', drive, `::${unfinished}`])
      throw error
    }
    await host.run(['sync', target])
  }

  async function write(name: string, entry: FileEntry | undefined): Promise<void> {
    if (entry === undefined) return void (await mtools(host, ['mdel', '-i', drive, `::${name}`]))
    const before = await read(name)
    await copyIn(name, entry)
    if ((await read(name))?.text === entry.text) return
    const kept = before && `/var/tmp/${name}.before`
    if (kept !== undefined) await host.put(kept, before)
    throw new UserError(`${target} does not hold what was written to it`, {
      hint: `the card may be broken, or have a lock at its side${kept ? `; the old file is kept: ${kept}` : ''}`,
      exitCode: exitCodes.needsHands,
    })
  }

  return { where: target, list, read, write }
}

function tooLarge(where: string): UserError {
  return new UserError(`${where} is larger than any that the firmware reads`, {
    hint: 'look what it is, and take it away; nothing was changed',
  })
}

async function mtools(host: Host, argv: readonly string[]): Promise<string> {
  // mtools refuses images whose size does not fit its idea of a floppy, unless told not to look.
  const { code, stdout, stderr } = await host.run(['env', 'MTOOLS_SKIP_CHECK=1', ...argv])
  if (code === 0) return stdout
  if (/disk full|no free cluster/i.test(stderr))
    throw new UserError('the card has no room for one more file', {
      hint: 'take a file off it, e.g. a kernel of another board; nothing was changed',
      exitCode: exitCodes.putBack,
    })
  throw new UserError(`${argv[0]} failed: ${stderr.trim()}`, { exitCode: exitCodes.putBack })
}
