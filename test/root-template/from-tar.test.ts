import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ScratchNas, scratchNas } from '../support/scratch-nas.ts'
import { laySourceTree, type SourceTree, treeFacts } from '../support/source-tree.ts'
import { changesOf, plainWishes, sameButFor } from '../support/template-tree.ts'

let nas: ScratchNas
let source: SourceTree

beforeAll(() => {
  nas = scratchNas()
  source = laySourceTree(join(nas.dir, 'source'), 'bookworm')
  fs.cpSync(source.bootFiles, join(source.root, source.boot), { recursive: true })
})
afterAll(() => nas.remove())

function pack(name: string, ...args: readonly string[]): string {
  const file = join(nas.dir, name)
  const all = ['--xattrs', '--xattrs-include=*', '--acls', '-S']
  execFileSync('tar', ['-cpf', file, ...all, ...args])
  return file
}

test.each([
  ['plain', 'plain.tar', ['-C', 'ROOT', '.']],
  ['with its leading directory', 'leading.tar', ['-C', 'DIR', 'root']],
  ['packed with absolute names, as the article does', 'absolute.tar', ['ROOT']],
  ['gz', 'root.tar.gz', ['-z', '-C', 'ROOT', '.']],
  ['xz', 'root.tar.xz', ['-J', '-C', 'ROOT', '.']],
  ['zst', 'root.tar.zst', ['--zstd', '-C', 'ROOT', '.']],
  ['bz2', 'root.tar.bz2', ['-j', '-C', 'ROOT', '.']],
])('a tar, %s, becomes a template equal but for what the steps say', async (_, name, args) => {
  const places = { ROOT: source.root, DIR: join(nas.dir, 'source') }
  const file = pack(name, ...args.map((arg) => places[arg as keyof typeof places] ?? arg))
  const template = name.replaceAll('.', '-')
  const built = await nas.pifarm([
    ...['template', 'build', template, '--from-tar', file, '--json'],
    ...plainWishes,
  ])
  expect(built.error).toBe('')
  expect(built.code).toBe(0)
  const differences = sameButFor(
    treeFacts(source.root),
    treeFacts(join(nas.roots, template)),
    changesOf(built.stdout),
  )
  expect(differences).toEqual([])
})

test('a root of a PC becomes a template, with a warning at the end', async () => {
  const header = Buffer.alloc(64)
  header.write('\x7fELF\x02\x01\x01', 'latin1')
  header.writeUInt16LE(62, 18)
  const pc = join(nas.dir, 'pc')
  execFileSync('cp', ['-a', source.root, pc])
  fs.writeFileSync(join(pc, 'usr/bin/env'), header)
  const file = pack('pc.tar', '-C', pc, '.')
  const built = await nas.pifarm(['template', 'build', 'pc', '--from-tar', file, ...plainWishes])
  expect([built.error, built.code]).toEqual(['', 0])
  expect(built.warnings.at(-1)).toBe(
    'pc is for amd64: no Raspberry Pi runs its programs, which are for arm64 or armhf',
  )
})

test.each([
  ['in use', 'in-use', 'in-use is the template of HLSPi1: they boot from its boot files'],
  ['the default', 'another', 'another is the default template, whose bootcode.bin every Pi loads'],
])('a template that is %s is not built anew', async (_, name, said) => {
  const pi = `pis:
  - { name: HLSPi1, mac: "b8:27:eb:33:34:7a", address: 10.77.0.50, muxid: 1, template: in-use }
`
  const farm = scratchNas(undefined, pi)
  try {
    fs.mkdirSync(join(farm.dir, 'tftp/templates', name), { recursive: true })
    const { error, hint } = await farm.pifarm(['template', 'build', name, '--from-root', 'HLSPi1'])
    expect(error).toBe(said)
    expect(hint).toMatch(/^build under another name/)
  } finally {
    farm.remove()
  }
})
