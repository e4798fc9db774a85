import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Member, writeTar } from '../support/hostile-tar.ts'
import { type ScratchNas, scratchNas } from '../support/scratch-nas.ts'
import { laySourceTree, treeFacts } from '../support/source-tree.ts'
import { plainWishes } from '../support/template-tree.ts'

let nas: ScratchNas
/** Stands for the NAS's own files. */
let outside: string
let root: string

beforeAll(() => {
  nas = scratchNas()
  outside = join(nas.dir, 'outside')
  const source = laySourceTree(join(nas.dir, 'source'), 'bookworm')
  fs.cpSync(source.bootFiles, join(source.root, source.boot), { recursive: true })
  root = source.root
})
beforeEach(() => {
  fs.rmSync(outside, { recursive: true, force: true })
  fs.mkdirSync(join(outside, 'cron.d'), { recursive: true })
  fs.writeFileSync(join(outside, 'secret'), "the NAS's own\n", { mode: 0o600 })
  for (const name of fs.readdirSync(nas.roots))
    fs.rmSync(join(nas.roots, name), { recursive: true, force: true })
})
afterAll(() => nas.remove())

async function build(file: string) {
  const before = treeFacts(outside)
  const built = await nas.pifarm(['template', 'build', 'x', '--from-tar', file, ...plainWishes])
  expect(treeFacts(outside)).toEqual(before)
  expect(fs.readdirSync(nas.dir).sort()).not.toContain('escaped')
  expect(fs.readdirSync(nas.roots)).toEqual(built.code === 0 ? ['x'] : [])
  return built
}

const dirs: readonly Member[] = [
  { name: 'etc/', kind: 'dir' },
  { name: 'usr/', kind: 'dir' },
]

test.each<[string, (out: string) => readonly Member[]]>([
  ['names that lead up', () => [{ name: '../../escaped', kind: 'file', text: 'x' }]],
  ['absolute names', (out) => [{ name: `${out}/escaped`, kind: 'file', text: 'x' }]],
  [
    'a link out, and a file through it',
    (out) => [
      { name: 'usr/out', kind: 'link', text: out },
      { name: 'usr/out/escaped', kind: 'file', text: 'x' },
    ],
  ],
  [
    'a link up, and a file through it',
    () => [
      { name: 'usr/out', kind: 'link', text: '../../../outside' },
      { name: 'usr/out/escaped', kind: 'file', text: 'x' },
    ],
  ],
  [
    'a hard link out, and its file written',
    (out) => [
      { name: 'usr/secret', kind: 'hard link', text: `${out}/secret` },
      { name: 'usr/secret', kind: 'file', text: 'x' },
    ],
  ],
])('a tar of %s writes nothing outside', async (_, members) => {
  await build(writeTar(join(nas.dir, 'hostile.tar'), [...dirs, ...members(outside)]))
})

test.each([
  ['etc/ssh'],
  ['etc/systemd'],
  ['etc/fstab'],
  ['etc/hostname'],
  ['etc/resolv.conf'],
  ['boot'],
  ['boot/firmware'],
  ['home/pi/.ssh'],
])('a root whose %s leads out is mended inside, or refused', async (path) => {
  const link = join(root, path)
  const aside = join(nas.dir, 'aside')
  if (fs.existsSync(link)) fs.renameSync(link, aside)
  fs.mkdirSync(join(link, '..'), { recursive: true })
  fs.symlinkSync(outside, link)
  try {
    const file = join(nas.dir, 'linked.tar')
    execFileSync('tar', ['-cf', file, '-C', root, '.'])
    await build(file)
  } finally {
    fs.rmSync(link)
    if (fs.existsSync(aside)) fs.renameSync(aside, link)
  }
})

test('a plain tar that ends between two files is refused: tar itself would not notice', async () => {
  const file = join(nas.dir, 'whole.tar')
  execFileSync('tar', ['-cf', file, '-C', root, '.'])
  const end = fs.readFileSync(file).lastIndexOf('./usr/')
  fs.truncateSync(file, end - (end % 512))
  const { error } = await build(file)
  expect(error).toMatch(/whole\.tar .* end/)
})

test('names with line breaks and escapes are kept, and shown without their effect', async () => {
  fs.writeFileSync(join(root, 'boot/firmware/start_\n\u001b[31mred.elf'), 'x')
  const file = join(nas.dir, 'odd.tar')
  execFileSync('tar', ['-cf', file, '-C', root, '.'])
  const { code, said, warnings } = await build(file)
  expect(code).toBe(0)
  expect([...said, ...warnings].join('')).not.toContain('\u001b')
  expect(fs.readdirSync(join(nas.roots, 'x/boot/firmware'))).toContain('start_\n\u001b[31mred.elf')
})
