import { exitCodes, quoted, UserError } from '../errors.ts'
import type { FileEntry, Host } from '../host/host.ts'
import { needPrograms } from '../host/need-programs.ts'
import { plainDirectory } from './boot-partition.ts'
import { isBootcode, isFirmware } from './find-boot-dir.ts'

const bootcode = 'bootcode.bin'

/** The loader itself. Throws a `UserError` where the file is not one. */
export async function readBootcode(host: Host, path: string): Promise<FileEntry> {
  // In the TFTP directory it is a link to a template's.
  const real = await host.ask(['readlink', '-e', '--', path])
  const entry = real.code === 0 ? await host.read(real.stdout.replace(/\n$/, '')) : undefined
  // The real one has some 50 kB; an empty or a text file is a slip.
  if (entry?.kind === 'file' && entry.text.length > 10_000) return entry
  throw new UserError(`${quoted(path)} is no bootcode.bin`, {
    hint: 'name one with --bootcode; it is in the boot partition of any Raspberry Pi OS',
  })
}

/** Puts it into a mounted card that holds nothing else that boots. */
export async function putBootcode(host: Host, dir: string, loader: FileEntry): Promise<void> {
  const card = plainDirectory(host, dir)
  const other = (await card.list()).find(
    (name) => name.toLowerCase() === 'config.txt' || (isFirmware(name) && !isBootcode(name)),
  )
  if (other !== undefined)
    throw new UserError(`${dir} holds ${other}: a Pi would boot from the card`, {
      hint: 'take an empty card that is formatted with FAT, or --device to write one anew',
    })
  await card.write(bootcode, { ...loader, mode: 0o755, uid: 0, gid: 0 })
}

/** Makes the image of a card with nothing but the loader: 64 MB, one FAT32 partition. */
export async function makeBootcodeImage(
  host: Host,
  image: string,
  loader: FileEntry,
  workDir: string,
): Promise<void> {
  await needPrograms(host, ['mkfs.vfat', 'mcopy', 'sfdisk'])
  // mtools cannot read a FAT that mkfs made at an offset, so it is made apart and laid in.
  const fat = `${workDir}/fat`
  const file = `${workDir}/${bootcode}`
  await host.put(file, { ...loader, mode: 0o600, uid: 0, gid: 0 })
  await must(host, ['truncate', '-s', '60M', fat])
  await must(host, ['mkfs.vfat', '-F', '32', '-n', 'BOOTCODE', fat])
  await must(host, ['mcopy', '-i', fat, file, `::${bootcode}`])
  try {
    await must(host, ['truncate', '-s', '64M', image])
    await must(host, ['sfdisk', '-q', image], 'label: dos\n4MiB,60MiB,c,*\n')
    await must(host, ['dd', `if=${fat}`, `of=${image}`, 'bs=1M', 'seek=4', 'conv=notrunc,fsync'])
  } catch (error) {
    // It was made here: half of it would be taken for a whole one.
    await host.put(image, undefined)
    throw error
  }
}

/** Overwrites the start of a card with an image. */
export async function writeImage(host: Host, image: string, device: string): Promise<void> {
  await must(host, ['dd', `if=${image}`, `of=${device}`, 'bs=4M', 'conv=notrunc,fsync'])
  // So that lsblk shows the new partition; a card that is pulled now is right all the same.
  await host.run(['blockdev', '--rereadpt', device])
}

async function must(host: Host, argv: readonly string[], input?: string): Promise<void> {
  const [program = ''] = argv
  const { code, stderr } = await host.run(argv, input)
  if (code === 0) return
  throw new UserError(`${program} failed: ${stderr.trim()}`, { exitCode: exitCodes.needsHands })
}
