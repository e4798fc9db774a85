import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Entry } from '../../src/host/host.ts'
import { localReader } from '../../src/host/local.ts'
import { localWorkshop } from '../../src/host/local-workshop.ts'
import { fix, lint } from '../../src/root-template/lint.ts'
import type { Tree } from '../../src/root-template/tree.ts'
import type { FakeTree } from '../support/fake-tree.ts'
import { piRoot, runInside } from '../support/pi-roots.ts'
import { wishes } from './steps/law.ts'

const all = { ...wishes, media: '10.77.0.1:/videos', controller: 'https://nas:8443' }

let top: string

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'pifarm-root-'))
})

afterEach(() => {
  rmSync(top, { recursive: true, force: true })
})

test.each(['buster', 'bullseye', 'bookworm', 'trixie'] as const)(
  'an image of %s on a disk becomes what it becomes in memory',
  async (release) => {
    const inMemory = piRoot(release)
    const onDisk = await diskTree(inMemory)
    expect(await snapshot(onDisk)).toEqual(inMemory.snapshot())
    expect(await lint(onDisk, all, 'template')).toEqual(await lint(inMemory, all, 'template'))
    await fix(onDisk, all, 'template', () => {})
    await fix(inMemory, all, 'template', () => {})
    expect(await snapshot(onDisk)).toEqual(inMemory.snapshot())
  },
)

test('lost capabilities are listed as getcap finds them', async () => {
  const tree = await diskTree(piRoot('bookworm', { '/usr/bin/mtr-packet': 'a program' }))
  execFileSync('setcap', ['cap_net_raw=ep', join(top, 'usr/bin/mtr-packet')])
  const findings = await lint(tree, all, 'template')
  const notes = findings.find(({ step }) => step.id === 'capabilities')?.notes
  expect(notes).toEqual(['over NFS, lost: /usr/bin/mtr-packet cap_net_raw=ep'])
})

/** A copy on a disk, where the commands inside do what they do in memory. */
async function diskTree(copied: FakeTree): Promise<Tree> {
  const files = localWorkshop().filesBelow(top)
  for (const [path, entry] of Object.entries(copied.snapshot())) await files.put(path, entry)
  return {
    ...files,
    ask: (argv, input) => localReader().ask(argv, input),
    run: async (argv) => await runInside(argv, files),
  }
}

async function snapshot(tree: Tree, dir = ''): Promise<Record<string, Entry>> {
  const found: Record<string, Entry> = {}
  for (const [name, kind] of (await tree.list(dir === '' ? '/' : dir)) ?? []) {
    const path = `${dir}/${name}`
    const entry = await tree.read(path)
    if (entry !== undefined) found[path] = entry
    if (kind === 'dir') Object.assign(found, await snapshot(tree, path))
  }
  return found
}
