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
