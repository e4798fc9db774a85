import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { type ScratchNas, scratchNas } from '../support/scratch-nas.ts'
import { laySourceTree, treeFacts } from '../support/source-tree.ts'
import { plainWishes } from '../support/template-tree.ts'

const pi = `pis:
  - { name: HLSPi1, mac: "b8:27:eb:33:34:7a", address: 10.77.0.50, muxid: 1 }
`
const connections = '0 0 10.77.0.1:2049 10.77.0.50:755\n'

let nas: ScratchNas

/** A template and a Pi's root as they come from a card: nothing in them is mended. */
beforeEach(() => {
  nas?.remove()
  nas = scratchNas(undefined, pi)
  const source = laySourceTree(join(nas.dir, 'source'), 'bookworm')
  fs.cpSync(source.bootFiles, join(source.root, source.boot), { recursive: true })
  fs.renameSync(source.root, join(nas.roots, 'card'))
  const root = laySourceTree(join(nas.dir, 'other'), 'bookworm').root
  fs.renameSync(root, join(nas.roots, 'HLSPi1'))
})
afterAll(() => nas.remove())

function lint(name: string, ...flags: readonly string[]) {
  return nas.pifarm(['template', 'lint', name, ...plainWishes, ...flags], { connections })
}

function factsOf(name: string) {
  return treeFacts(join(nas.roots, name))
}

describe('template lint', () => {
  test('ends with 5 where a rule is broken, says which, why and how to mend it, and changes nothing', async () => {
    const before = factsOf('card')
    const { code, stdout } = await lint('card')
    expect(code).toBe(5)
    expect(stdout).toMatch(
      /^fstab\n {2}\/etc\/fstab .*PARTUUID.*\n(?: {2}.*\n)* {2}why: .*\n {2}cure: /m,
    )
    expect(factsOf('card')).toEqual(before)
  })

  test('--json has the same for programs', async () => {
    const { code, stdout } = await lint('card', '--json')
    expect(code).toBe(5)
    expect(JSON.parse(stdout)).toContainEqual({
      rule: 'swap',
      problems: expect.arrayContaining(['/var/swap is a swap file']),
      notes: [],
      why: expect.any(String),
      cure: expect.any(String),
    })
  })

  test('--fix mends it, says what it did, and has nothing more to do', async () => {
    const fixed = await lint('card', '--fix')
    expect([fixed.error, fixed.code]).toEqual(['', 0])
    expect(fixed.said).toContain('  removed /var/swap')
    const after = factsOf('card')
    const again = await lint('card', '--fix')
    expect([again.code, again.said]).toEqual([0, ['card keeps every rule']])
    expect(factsOf('card')).toEqual(after)
  })
})

test('what --fix does is told as that, and not as done', async () => {
  const { stdout } = await lint('card')
  expect(stdout).toMatch(/^ {2}cure: --fix takes the lines of local disks, of swap and of \/ out/m)
})

test('keys are only spoken of where nobody can log in', async () => {
  const home = join(nas.roots, 'card/root/.ssh')
  fs.mkdirSync(home, { recursive: true })
  fs.writeFileSync(join(home, 'authorized_keys'), 'ssh-ed25519 AAAAC3Nza admin\n')
  const open = await nas.pifarm(['template', 'lint', 'card'])
  expect(open.warnings.join()).not.toContain('key')
  expect(open.stdout).not.toContain('nobody can log in')
})

test('a template for PCs is warned of, and breaks no rule by that', async () => {
  const header = Buffer.alloc(64)
  header.write('\x7fELF\x02\x01\x01', 'latin1')
  header.writeUInt16LE(62, 18)
  await lint('card', '--fix')
  fs.mkdirSync(join(nas.roots, 'card/usr/bin'), { recursive: true })
  fs.writeFileSync(join(nas.roots, 'card/usr/bin/env'), header)
  const { code, warnings } = await lint('card')
  expect([code, warnings]).toEqual([
    0,
    ['card is for amd64: no Raspberry Pi runs its programs, which are for arm64 or armhf'],
  ])
})

describe('--fix of which a step fails ends with 4: what was mended before it stays, and is told', () => {
  test('a step that has run no command', async () => {
    fs.appendFileSync(join(nas.roots, 'card/etc/passwd'), 'other:x:561:561::/:/bin/sh\n')
    const { error, code, said } = await lint(
      'card',
      '--fix',
      '--controller',
      'http://10.77.0.1:8080',
    )
    expect(error).toContain('gives the number 561 to other')
    expect(code).toBe(4)
    expect(said).toContain('  removed /var/swap')
    expect(fs.existsSync(join(nas.roots, 'card/var/swap'))).toBe(false)
  })

  test('a disk that gets full', async () => {
    const card = join(nas.dir, 'card')
    fs.renameSync(join(nas.roots, 'card'), card)
    const entries = execFileSync('find', [card, '-printf', '.']).length
    const size = `size=60m,nr_inodes=${entries + 6}`
    execFileSync('mount', ['-t', 'tmpfs', '-o', size, 'small', nas.roots])
    try {
      execFileSync('cp', ['-a', card, nas.roots])
      const { error, hint, code } = await lint('card', '--fix')
      expect(error).toMatch(/^ENOSPC: no space left on device, /)
      expect([hint, code]).toEqual(['the disk is full: make room there', 4])
    } finally {
      execFileSync('umount', [nas.roots])
    }
  })
})

describe("a Pi's own root, which it has mounted", () => {
  test('is judged', async () => {
    const { code, stdout } = await lint('HLSPi1')
    expect(code).toBe(5)
    expect(stdout).toMatch(/^swap$/m)
    expect(stdout).not.toMatch(/^(?:hostname|identity)$/m)
  })

  test('is not mended', async () => {
    const before = factsOf('HLSPi1')
    const { error, code } = await lint('HLSPi1', '--fix')
    expect([error, code]).toEqual(['HLSPi1 (10.77.0.50) still has its root mounted', 2])
    expect(factsOf('HLSPi1')).toEqual(before)
  })
})

test.each(['nobody', '../card', 'a b', ''])('%j is no template', async (name) => {
  const { error, code } = await lint(name)
  expect(error).toMatch(/^there is no template or root|^bad NAME/)
  expect(code).toBe(2)
})

test('a removal that is declined leaves the template', async () => {
  const words = ['template', 'remove', 'card']
  const { code, questions } = await nas.pifarm(words, { answers: [false] })
  expect([code, questions.length]).toEqual([7, 1])
  expect(fs.existsSync(join(nas.roots, 'card/etc'))).toBe(true)
})

test('the root of a Pi is no template to remove', async () => {
  const { error } = await nas.pifarm(['template', 'remove', 'HLSPi1'], { answers: [true] })
  expect(error).toContain('there is no template "HLSPi1"')
  expect(fs.existsSync(join(nas.roots, 'HLSPi1/etc'))).toBe(true)
})
