import { execFileSync } from 'node:child_process'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export type Table = 'mbr' | 'gpt' | 'none'

const megabyte = 1024 * 1024

/**
 * Makes the image of a card as Raspberry Pi OS has it, but small: a FAT with these files, an ext4 with the
 * tree at `root`. Returns its path.
 */
export function makeCardImage(
  dir: string,
  table: Table,
  files: Readonly<Record<string, string>>,
  root?: string,
): string {
  const image = join(dir, `${table}.img`)
  const fat = table === 'none' ? image : join(dir, `${table}.fat`)
  writeFileSync(fat, '')
  truncateSync(fat, 40 * megabyte)
  run('mkfs.vfat', '-F', '32', '-n', 'BOOTFS', fat)
  for (const [name, text] of Object.entries(files)) {
    const file = join(dir, 'file')
    writeFileSync(file, Buffer.from(text, 'latin1'))
    run('mcopy', '-o', '-i', fat, file, `::${name}`)
  }
  if (table === 'none') return image
  writeFileSync(image, '')
  truncateSync(image, 64 * megabyte)
  const types =
    table === 'mbr'
      ? ['c', '83']
      : ['EBD0A0A2-B9E5-4433-87C0-68B6B72699C7', '0FC63DAF-8483-4772-8E79-3D69D8477DE4']
  const layout = `label: ${table === 'mbr' ? 'dos' : 'gpt'}\n4MiB,40MiB,${types[0]}\n44MiB,16MiB,${types[1]}\n`
  execFileSync('sfdisk', ['-q', image], { input: layout, stdio: ['pipe', 'ignore', 'pipe'] })
  layIn(fat, image, 4)
  const ext4 = join(dir, `${table}.ext4`)
  run('mke2fs', '-q', '-F', '-t', 'ext4', ...(root ? ['-d', root] : []), ext4, '16M')
  layIn(ext4, image, 44)
  return image
}

/** Fills the FAT of an image to its last cluster, by way of a file that is made at `filler`. */
export function fillCard(image: string, table: Table, filler: string): void {
  const drive = `${image}@@${table === 'none' ? 0 : 4 * megabyte}`
  const listing = execFileSync('mdir', ['-i', drive, '::'], { encoding: 'utf8' })
  const free = /([\d ]+) bytes free/.exec(listing)?.[1] ?? ''
  writeFileSync(filler, '')
  truncateSync(filler, Number(free.replaceAll(' ', '')))
  run('mcopy', '-i', drive, filler, '::filler')
}

/** The bytes of a file in the image's FAT. */
export function readCard(image: string, table: Table, name: string): string {
  const offset = table === 'none' ? 0 : 4 * megabyte
  const argv = ['-i', `${image}@@${offset}`, `::${name}`, '-']
  return execFileSync('mcopy', argv, { encoding: 'latin1', stdio: ['ignore', 'pipe', 'ignore'] })
}

function layIn(part: string, image: string, megabytes: number): void {
  run('dd', `if=${part}`, `of=${image}`, 'bs=1M', `seek=${megabytes}`, 'conv=notrunc,sparse')
}

function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
