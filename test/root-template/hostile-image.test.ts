import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { makeImage } from '../support/disk-image.ts'
import { type ScratchNas, scratchNas } from '../support/scratch-nas.ts'
import { laySourceTree, type SourceTree, treeFacts } from '../support/source-tree.ts'
import { plainWishes } from '../support/template-tree.ts'

const mebibyte = 1024 * 1024
/** Where makeImage lays its two partitions. */
const fatAt = 4 * mebibyte
const extAt = 24 * mebibyte

let nas: ScratchNas
/** Stands for the NAS's own files. */
let outside: string
let source: SourceTree
let image: string

beforeAll(() => {
  nas = scratchNas()
  outside = join(nas.dir, 'outside')
  source = laySourceTree(join(nas.dir, 'source'), 'bookworm')
  image = makeImage(nas.dir, source, 'mbr')
})
beforeEach(() => {
  fs.rmSync(outside, { recursive: true, force: true })
  fs.mkdirSync(join(outside, 'overlays'), { recursive: true, mode: 0o700 })
  fs.writeFileSync(join(outside, 'config.txt'), "the NAS's own\n", { mode: 0o600 })
  for (const name of fs.readdirSync(nas.roots))
    fs.rmSync(join(nas.roots, name), { recursive: true, force: true })
})
afterAll(() => nas.remove())

async function build(file: string) {
  const before = treeFacts(outside)
  const built = await nas.pifarm(['template', 'build', 'x', '--from-image', file, ...plainWishes])
  expect(treeFacts(outside)).toEqual(before)
  expect(fs.readdirSync(nas.roots)).toEqual(built.code === 0 ? ['x'] : [])
  return built
}

/** A copy of the image, changed. */
function changed(change: (file: string) => void, from = image): string {
  const file = join(nas.dir, 'changed.img')
  fs.copyFileSync(from, file)
  change(file)
  return file
}

function poke(file: string, offset: number, bytes: Buffer): void {
  const handle = fs.openSync(file, 'r+')
  fs.writeSync(handle, bytes, 0, bytes.length, offset)
  fs.closeSync(handle)
}

function peek(file: string, offset: number, length: number): Buffer {
  const handle = fs.openSync(file, 'r')
  const bytes = Buffer.alloc(length)
  fs.readSync(handle, bytes, 0, length, offset)
  fs.closeSync(handle)
  return bytes
}

function debugfs(file: string, ...commands: readonly string[]): void {
  const script = commands.join('\n')
  const argv = ['-w', '-f', '-', `${file}?offset=${extAt}`]
  execFileSync('debugfs', argv, { input: script, stdio: ['pipe', 'ignore', 'ignore'] })
}

test.each([
  ['/boot', ['rmdir /boot/firmware', 'rmdir /boot', 'symlink /boot OUT']],
  ['/boot/firmware', ['rmdir /boot/firmware', 'symlink /boot/firmware OUT']],
  ['a file in /boot/firmware', ['symlink /boot/firmware/config.txt OUT/config.txt']],
  ['a directory in /boot/firmware', ['symlink /boot/firmware/overlays OUT/overlays']],
])('a root in which %s leads out gets the boot files, the NAS does not', async (_, commands) => {
  // A directory of that name in the root too, as /etc would have it.
  const parts = outside.split('/').slice(1)
  const dirs = parts.map((__, index) => `mkdir /${parts.slice(0, index + 1).join('/')}`)
  const links = commands.map((command) => command.replace('OUT', outside))
  const { error, code } = await build(changed((copy) => debugfs(copy, ...dirs, ...links)))
  expect([error, code]).toEqual(['', 0])
  const boot = join(nas.roots, 'x/boot/firmware')
  for (const name of ['start.elf', 'overlays/README'])
    expect(fs.readFileSync(join(boot, name))).toEqual(fs.readFileSync(join(source.bootFiles, name)))
})

const incompatible = extAt + 1024 + 0x60

test('a root that was not unmounted cleanly is refused, with how to mend it', async () => {
  const flags = peek(image, incompatible, 4).readUInt32LE()
  const file = changed((copy) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(flags | 0x4)
    poke(copy, incompatible, bytes)
  })
  const { error, hint } = await build(file)
  expect(error).toContain('was not unmounted cleanly')
  const cure = `${file}?offset=${extAt}`
  expect(hint).toContain(`e2fsck -fy '${cure}'`)
  spawnSync('e2fsck', ['-fy', cure])
  expect((await build(file)).code).toBe(0)
})

test('a root of an ext4 that this kernel does not know is refused with its words', async () => {
  const file = changed((copy) => poke(copy, incompatible + 3, Buffer.from([0x40])))
  const { error, code } = await build(file)
  expect(error).toMatch(/reading the root partition failed: /)
  expect(code).toBe(3)
})

test('a root that claims more free blocks than it has is copied all the same', async () => {
  const file = changed((copy) =>
    poke(copy, extAt + 1024 + 12, Buffer.from([0xff, 0xff, 0xff, 0x7f])),
  )
  await build(file)
})

test('an image of a name that mtools would read an offset out of', async () => {
  const file = join(nas.dir, "odd @@1 [2] 'x'.img")
  fs.renameSync(
    changed(() => undefined),
    file,
  )
  const { error, code } = await build(file)
  expect([error, code]).toEqual(['', 0])
})

test('a directory of the boot partition that holds itself ends, and is refused', async () => {
  const file = changed((copy) => {
    const fat = peek(copy, fatAt, 20 * mebibyte)
    const overlays = fat.indexOf('OVERLAYS   ')
    const own = fat.readUInt16LE(overlays + 26)
    const readme = fat.indexOf('README     ', overlays + 1)
    const entry = Buffer.from(fat.subarray(readme, readme + 32))
    entry.write('LOOP       ', 0)
    entry[11] = 0x10
    entry.writeUInt16LE(own, 26)
    entry.writeUInt32LE(0, 28)
    poke(copy, fatAt + readme + 32, entry)
  })
  const { error } = await build(file)
  expect(error).toContain('reading the boot partition failed')
})

test('a file of the boot partition whose chain is a circle ends', async () => {
  const file = changed((copy) => {
    const fat = peek(copy, fatAt, 20 * mebibyte)
    const kernel = fat.indexOf('KERNEL8 IMG')
    const cluster = fat.readUInt16LE(kernel + 26)
    const table = fat.readUInt16LE(14) * 512
    poke(
      copy,
      fatAt + table + (cluster + 1) * 2,
      (() => {
        const bytes = Buffer.alloc(2)
        bytes.writeUInt16LE(cluster)
        return bytes
      })(),
    )
    const size = Buffer.alloc(4)
    size.writeUInt32LE(0xffff_0000)
    poke(copy, fatAt + kernel + 28, size)
  })
  const { error } = await build(file)
  expect(error).toContain('reading the boot partition failed')
})
