import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ScratchNas, scratchNas } from '../support/scratch-nas.ts'
import { laySourceTree, treeFacts } from '../support/source-tree.ts'
import { plainWishes } from '../support/template-tree.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const tsx = fileURLToPath(import.meta.resolve('tsx'))

let nas: ScratchNas
let tar: string

beforeAll(() => {
  nas = scratchNas()
  const source = laySourceTree(join(nas.dir, 'source'), 'bookworm')
  fs.cpSync(source.bootFiles, join(source.root, source.boot), { recursive: true })
  // Enough that a build can be caught in the middle of it.
  fs.writeFileSync(join(source.root, 'var/large'), Buffer.alloc(300_000_000, 'pifarm'))
  tar = join(nas.dir, 'root.tar')
  const all = ['--xattrs', '--xattrs-include=*', '--acls', '-S']
  execFileSync('tar', ['-cpf', tar, ...all, '-C', source.root, '.'])
})
afterAll(() => nas.remove())

function words(name: string): readonly string[] {
  return ['template', 'build', name, '--from-tar', tar, ...plainWishes]
}

function start(name: string): ChildProcess {
  const config = ['--config', join(nas.dir, 'farm.yaml')]
  return spawn(process.execPath, ['--import', tsx, main, ...config, ...words(name)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20))
}

function isUnpacking(name: string): boolean {
  return fs.existsSync(join(nas.roots, `.${name}.pifarm-new/var/large`))
}

/** Processes that have a file of the roots open or work below them. */
function atWork(): string[] {
  return fs.readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${nas.roots}/.`)
    } catch {
      return false
    }
  })
}

test('Ctrl-C in the middle leaves nothing and ends with 130', async () => {
  const build = start('stopped')
  await until(() => isUnpacking('stopped'))
  build.kill('SIGINT')
  expect(await once(build, 'exit')).toEqual([130, null])
  expect(fs.readdirSync(nas.roots)).toEqual([])
  expect(atWork()).toEqual([])
})

test('kill -9 in the middle leaves no template and nobody at work; the next build clears it away', async () => {
  const build = start('killed')
  await until(() => isUnpacking('killed'))
  build.kill('SIGKILL')
  await once(build, 'exit')
  await until(() => atWork().length === 0)
  expect(fs.readdirSync(nas.roots).filter((name) => !name.startsWith('.'))).toEqual([])
  expect((await nas.pifarm(['template', 'list'])).said).toEqual([
    'no template yet: pifarm template build --help',
  ])

  const again = await nas.pifarm(words('whole'))
  expect([again.error, again.code]).toEqual(['', 0])
  expect(fs.readdirSync(nas.roots)).toEqual(['whole'])
})

test('the same source twice gives the same tree', async () => {
  const again = await nas.pifarm(words('second'))
  expect([again.error, again.code]).toEqual(['', 0])
  const [first, second] = ['whole', 'second'].map((name) => treeFacts(join(nas.roots, name)))
  // What the steps wrote bears the time of its writing and the template's name.
  const timeless = (facts: ReadonlyMap<string, string> | undefined) =>
    [...(facts ?? [])].map(([path, fact]) => `${path} ${fact.replace(/ \d{10} /, ' ')}`)
  const named = /^etc\/host(?:s|name) /
  expect(timeless(first).filter((line) => !named.test(line))).toEqual(
    timeless(second).filter((line) => !named.test(line)),
  )
})

test('a disk that is too small is told before anything is written', async () => {
  const small = scratchNas()
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=50m', 'small', small.roots])
  try {
    const built = await small.pifarm(words('large'))
    expect(built.error).toMatch(/has .* free, .* are needed$/)
    expect(fs.readdirSync(small.roots)).toEqual([])
  } finally {
    execFileSync('umount', [small.roots])
    small.remove()
  }
})
