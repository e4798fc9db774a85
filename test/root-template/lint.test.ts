import { describe, expect, test } from 'vitest'
import { lint, type Mended, fix as mend } from '../../src/root-template/lint.ts'
import type { Tree } from '../../src/root-template/tree.ts'
import { dir, file } from '../support/fake-nas.ts'
import { fakeTree } from '../support/fake-tree.ts'
import { piRoot, type Release } from '../support/pi-roots.ts'
import { key, wishes } from './steps/law.ts'

const all = { ...wishes, media: '10.77.0.1:/videos', controller: 'https://nas:8443' }

const everywhere = [
  'agent',
  'apt-timers',
  'cmdline',
  'dns',
  'first-boot',
  'fstab',
  'hostname',
  'identity',
  'media',
  'packages',
  'root-nic',
  'ssh',
  'ssh-keys',
  'swap',
  'time',
  'tmpfs',
]

/** The rules that a fresh image of each release breaks. */
const broken: Record<Release, readonly string[]> = {
  buster: [...everywhere, 'capabilities', 'journald', 'login', 'watchdog'],
  bullseye: [...everywhere, 'boot-secrets', 'capabilities', 'journald', 'watchdog'],
  bookworm: [...everywhere, 'capabilities', 'initramfs'],
  trixie: [...everywhere, 'boot-secrets', 'initramfs'],
}

async function fix(tree: Tree, kind: 'template' | 'root' = 'template'): Promise<Mended[]> {
  const mended: Mended[] = []
  await mend(tree, all, kind, (one) => mended.push(one))
  return mended
}

describe.each(['buster', 'bullseye', 'bookworm', 'trixie'] as const)(
  'an image of %s',
  (release) => {
    test('breaks the rules that its layout breaks, and none after it was mended', async () => {
      const tree = piRoot(release)
      const before = tree.snapshot()
      const found = (await lint(tree, all, 'template')).filter(
        ({ problems }) => problems.length > 0,
      )
      expect(found.map(({ step }) => step.id).sort()).toEqual([...broken[release]].sort())
      expect(tree.snapshot()).toEqual(before)

      const mended = await fix(tree)
      expect(mended.map(({ step }) => step.id).sort()).toEqual([...broken[release]].sort())
      const left = await lint(tree, all, 'template')
      expect(left.flatMap(({ problems }) => problems)).toEqual([])

      const after = tree.snapshot()
      expect(await fix(tree)).toEqual([])
      expect(tree.snapshot()).toEqual(after)
    })
  },
)

test('two builds of one image give the same tree', async () => {
  const [one, two] = [piRoot('bookworm'), piRoot('bookworm')]
  await fix(one)
  await fix(two)
  expect(one.snapshot()).toEqual(two.snapshot())
})

test("a Pi's own root may have an identity and a name, a template may not", async () => {
  const tree = piRoot('bookworm')
  await fix(tree)
  await tree.put('/etc/ssh/ssh_host_ed25519_key', file('KEY', 0o600))
  await tree.put('/etc/machine-id', file('0123456789abcdef0123456789abcdef\n'))
  await tree.put('/etc/hostname', file('HLSPi1\n'))
  expect(await problemsOf('root')).toEqual([])
  expect(await problemsOf('template')).toEqual(['hostname', 'identity'])
  await fix(tree, 'root')
  expect(tree.textAt('/etc/hostname')).toBe('HLSPi1\n')

  async function problemsOf(kind: 'root' | 'template'): Promise<readonly string[]> {
    const found = await lint(tree, all, kind)
    return found.filter(({ problems }) => problems.length > 0).map(({ step }) => step.id)
  }
})

test('an empty directory is judged without a crash', async () => {
  const found = await lint(fakeTree({ '/etc': dir() }), { ...all, sshKeys: [key] }, 'template')
  expect(found.map(({ step }) => step.id)).toContain('boot-files')
})
