import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import type { SourceTree } from './source-tree.ts'

const mebibyte = 1024 * 1024
const bootStart = 4 * mebibyte
const bootSize = 20 * mebibyte
const rootStart = bootStart + bootSize
const rootSize = 64 * mebibyte

/** A card as an image: a partition table, FAT with the boot files, ext4 with the root. */
export function makeImage(dir: string, source: SourceTree, table: 'mbr' | 'gpt'): string {
  const image = join(dir, `${table}.img`)
  const fat = join(dir, `${table}.fat`)
  fs.writeFileSync(image, '')
  fs.truncateSync(image, rootStart + rootSize + mebibyte)
  run('sfdisk', ['-q', image], script(table))
  // FAT in a file of its own: made at an offset, mtools cannot read it.
  fs.writeFileSync(fat, '')
  fs.truncateSync(fat, bootSize)
  run('mkfs.vfat', ['-n', 'bootfs', fat])
  for (const name of fs.readdirSync(source.bootFiles))
    run('mcopy', ['-s', '-m', '-i', fat, join(source.bootFiles, name), '::'])
  run('dd', [`if=${fat}`, `of=${image}`, 'bs=1M', 'seek=4', 'conv=notrunc', 'status=none'])
  const ext4 = ['-q', '-F', '-t', 'ext4', '-d', source.root, '-E', `offset=${rootStart}`]
  run('mke2fs', [...ext4, image, `${rootSize / 1024}k`])
  fs.rmSync(fat)
  return image
}

function script(table: 'mbr' | 'gpt'): string {
  const [boot, root] = table === 'mbr' ? ['c', '83'] : ['U', 'L']
  const sectors = (bytes: number) => bytes / 512
  return `label: ${table === 'mbr' ? 'dos' : 'gpt'}
start=${sectors(bootStart)}, size=${sectors(bootSize)}, type=${boot}
start=${sectors(rootStart)}, size=${sectors(rootSize)}, type=${root}
`
}

function run(program: string, args: readonly string[], input?: string): void {
  execFileSync(program, args, { stdio: ['pipe', 'pipe', 'pipe'], input })
}
