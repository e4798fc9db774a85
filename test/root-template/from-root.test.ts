import fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ScratchNas, scratchNas } from '../support/scratch-nas.ts'
import { laySourceTree, type SourceTree, treeFacts } from '../support/source-tree.ts'
import { changesOf, plainWishes, sameButFor } from '../support/template-tree.ts'

let nas: ScratchNas
let source: SourceTree

const pi = `pis:
  - { name: HLSPi1, mac: "b8:27:eb:33:34:7a", address: 10.77.0.50, muxid: 1 }
`

beforeAll(() => {
  nas = scratchNas(undefined, pi)
  source = laySourceTree(join(nas.dir, 'source'), 'bookworm')
  fs.cpSync(source.bootFiles, join(source.root, source.boot), { recursive: true })
  fs.renameSync(source.root, join(nas.roots, 'HLSPi1'))
})
afterAll(() => nas.remove())

function build(...more: readonly string[]) {
  const from = ['template', 'build', 'HLS-Muxer-Template', '--from-root', 'HLSPi1', '--json']
  return nas.pifarm([...from, ...plainWishes, ...more])
}

test('the root of a Pi that is off becomes a template; the Pi keeps its own', async () => {
  const before = treeFacts(join(nas.roots, 'HLSPi1'))
  const built = await build()
  expect([built.error, built.code]).toEqual(['', 0])
  const after = treeFacts(join(nas.roots, 'HLS-Muxer-Template'))
  expect(sameButFor(before, after, changesOf(built.stdout))).toEqual([])
  expect(treeFacts(join(nas.roots, 'HLSPi1'))).toEqual(before)
})

describe('of a Pi that runs from its root', () => {
  const connections = '0 0 10.77.0.1:2049 10.77.0.50:755\n'

  beforeAll(() => {
    fs.writeFileSync(join(nas.state, 'known_hosts'), 'HLSPi1,10.77.0.50 ssh-ed25519 AAAA\n')
  })

  test('it is refused, and --live is named', async () => {
    const words = ['template', 'build', 'live', '--from-root', 'HLSPi1', ...plainWishes]
    const { error, hint } = await nas.pifarm(words, { connections })
    expect(error).toBe('HLSPi1 (10.77.0.50) still has its root mounted')
    expect(hint).toContain('--live')
    expect(fs.readdirSync(nas.roots)).not.toContain('live')
  })

  test('with --live it is copied, and the template says so', async () => {
    const words = ['template', 'build', 'live', '--from-root', 'HLSPi1', '--live', '--json']
    const built = await nas.pifarm([...words, ...plainWishes], { connections })
    expect([built.error, built.code]).toEqual(['', 0])
    expect(JSON.parse(built.stdout).source.notes).toEqual([
      'HLSPi1 may have been running: files it was writing may be torn',
    ])
  })
})

test('the template has none of the identity that the Pi has', () => {
  const root = join(nas.roots, 'HLS-Muxer-Template')
  expect(fs.readdirSync(join(root, 'etc/ssh')).filter((name) => /_key/.test(name))).toEqual([])
  expect(fs.readFileSync(join(root, 'etc/machine-id'), 'utf8').trim()).not.toMatch(/^[0-9a-f]{32}$/)
  expect(fs.readFileSync(join(root, 'etc/hostname'), 'utf8')).not.toContain('raspberrypi')
})

test('is not built over what is there', async () => {
  const built = await build()
  expect(built.error).toBe(`${nas.roots}/HLS-Muxer-Template is there already`)
  expect(built.hint).toContain('pifarm template remove HLS-Muxer-Template')
})

test('list shows where it came from', async () => {
  const { stdout } = await nas.pifarm(['template', 'list'])
  expect(stdout).toMatch(/^HLS-Muxer-Template {2}root HLSPi1 {2}2026-11-22 /m)
})

test.each([
  ['no such root', ['--from-root', 'nobody'], 'there is no root "nobody"'],
  ['two sources', ['--from-root', 'HLSPi1', '--from-tar', '/x'], 'a template has one source'],
  ['no source', [], 'it was not said what to build from'],
])('%s is refused', async (_, flags, said) => {
  const { error } = await nas.pifarm(['template', 'build', 'other', ...flags])
  expect(error).toContain(said)
})

test('the name of a Pi is no name for a template', async () => {
  const { error } = await nas.pifarm(['template', 'build', 'HLSPi1', '--from-root', 'HLSPi1'])
  expect(error).toBe('HLSPi1 is the name of a Pi, whose root has that place')
})
