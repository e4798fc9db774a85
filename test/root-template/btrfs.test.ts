import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { localHost } from '../../src/host/local.ts'
import { makeImage } from '../support/disk-image.ts'
import { type ScratchNas, scratchNas } from '../support/scratch-nas.ts'
import { laySourceTree, type SourceTree, treeFacts } from '../support/source-tree.ts'
import { changesOf, plainWishes, sameButFor } from '../support/template-tree.ts'

/** Roots on a btrfs of their own, as on many a NAS: trees are subvolumes there, state lies elsewhere. */
let nas: ScratchNas
let source: SourceTree
let outside: string

beforeAll(() => {
  outside = fs.mkdtempSync(join(tmpdir(), 'pifarm-btrfs-'))
  const disk = join(outside, 'disk')
  fs.writeFileSync(disk, '')
  fs.truncateSync(disk, 4 * 1024 ** 3)
  execFileSync('mkfs.btrfs', ['-q', disk])
  nas = scratchNas(outside)
  execFileSync('mount', ['-t', 'btrfs', '-o', 'loop', disk, nas.roots])
  source = laySourceTree(join(outside, 'source'), 'bookworm')
})
afterAll(() => {
  execFileSync('umount', [nas.roots])
  fs.rmSync(outside, { recursive: true, force: true })
})

async function build(name: string, ...from: readonly string[]): Promise<string> {
  const words = ['template', 'build', name, ...from, '--json', ...plainWishes]
  const built = await nas.pifarm(words)
  expect([built.error, built.code]).toEqual(['', 0])
  return built.stdout
}

function subvolumes(): string[] {
  const listed = execFileSync('btrfs', ['subvolume', 'list', nas.roots], { encoding: 'utf8' })
  return listed
    .split('\n')
    .flatMap((line) => line.split(' path ')[1] ?? [])
    .sort()
}

test('an image becomes a template that is a subvolume, and nothing else is left', async () => {
  const manifest = await build('image', '--from-image', makeImage(outside, source, 'mbr'))
  const after = [...treeFacts(join(nas.roots, 'image'))]
  const isBoot = (path: string) => path.startsWith(source.boot) || path === 'lost+found'
  expect(
    sameButFor(
      treeFacts(source.root),
      new Map(after.filter(([path]) => !isBoot(path))),
      changesOf(manifest),
    ).filter((line) => !line.startsWith('boot/firmware:')),
  ).toEqual([])
  expect(fs.readdirSync(nas.roots)).toEqual(['image'])
  expect(subvolumes()).toEqual(['image'])
})

test('a tar with a leading directory becomes one', async () => {
  const tar = join(outside, 'clone.tar')
  const all = ['--xattrs', '--xattrs-include=*', '--acls', '-S']
  execFileSync('tar', ['-cpf', tar, ...all, '-C', outside, 'source/root'])
  const manifest = await build('tar', '--from-tar', tar)
  const [before, after] = [source.root, join(nas.roots, 'tar')].map(treeFacts)
  expect(sameButFor(before ?? new Map(), after ?? new Map(), changesOf(manifest))).toEqual([])
  expect(subvolumes()).toEqual(['image', 'tar'])
})

test('a root becomes one by a snapshot, and both are removed with what was nested in them', async () => {
  await build('snapshot', '--from-root', 'tar')
  expect(subvolumes()).toEqual(['image', 'snapshot', 'tar'])
  // As systemd-tmpfiles makes them where packages are installed inside a subvolume.
  for (const path of ['var/lib/machines', 'var/lib/machines/inner', 'var/lib/portables']) {
    fs.mkdirSync(join(nas.roots, 'tar', path, '..'), { recursive: true })
    execFileSync('btrfs', ['-q', 'subvolume', 'create', join(nas.roots, 'tar', path)])
  }
  for (const name of ['tar', 'snapshot']) await localHost().removeTree(join(nas.roots, name))
  expect(fs.readdirSync(nas.roots)).toEqual(['image'])
  expect(subvolumes()).toEqual(['image'])
})

test('what is mounted below a tree is not removed with it', async () => {
  const tree = join(nas.roots, 'mounted')
  const inner = join(tree, 'inner')
  const kept = join(nas.roots, 'kept')
  execFileSync('btrfs', ['-q', 'subvolume', 'create', kept])
  fs.writeFileSync(join(kept, 'file'), 'mine')
  fs.mkdirSync(inner, { recursive: true })
  execFileSync('mount', ['--bind', kept, inner])
  try {
    await expect(localHost().removeTree(tree)).rejects.toThrow(/rm failed/)
    expect(fs.readFileSync(join(kept, 'file'), 'utf8')).toBe('mine')
  } finally {
    execFileSync('umount', [inner])
  }
  await localHost().removeTree(tree)
  await localHost().removeTree(kept)
  expect(fs.existsSync(tree)).toBe(false)
})

test('packages of a build that was cut off are kept, though the state lies on another disk', async () => {
  const archives = join(nas.roots, '.debian.pifarm-new/var/cache/apt/archives')
  fs.mkdirSync(archives, { recursive: true })
  fs.writeFileSync(join(archives, 'hello_2_amd64.deb'), 'a package')
  // Nobody listens there: the build ends at its first request.
  const from = [
    '--bootstrap',
    'bookworm',
    '--arch',
    'amd64',
    '--mirror',
    'http://127.0.0.1:9/debian',
  ]
  const built = await nas.pifarm(['template', 'build', 'debian', ...from, ...plainWishes])
  expect(built.error).toMatch(/^mmdebstrap failed: /)
  expect(built.hint).toContain('name a mirror with --mirror')
  const cache = join(nas.state, 'packages/bookworm-amd64')
  expect(fs.readdirSync(cache)).toEqual(['hello_2_amd64.deb'])
  expect(fs.readFileSync(join(cache, 'hello_2_amd64.deb'), 'utf8')).toBe('a package')
  expect(fs.readdirSync(nas.roots)).toEqual(['image'])
})
