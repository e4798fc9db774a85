import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { filesBelow } from '../../src/host/tree.ts'
import type { FilesBelow } from '../../src/host/workshop.ts'
import { dir, file } from '../support/fake-nas.ts'

let outside: string
let top: string
let files: FilesBelow

beforeEach(() => {
  outside = fs.mkdtempSync(join(tmpdir(), 'pifarm-tree-'))
  top = join(outside, 'top')
  fs.mkdirSync(join(top, 'etc'), { recursive: true })
  fs.mkdirSync(join(top, 'usr/lib'), { recursive: true })
  fs.writeFileSync(join(outside, 'secret'), 'of the NAS')
  files = filesBelow(top)
})
afterEach(() => fs.rmSync(outside, { recursive: true }))

test('reads, lists, writes and removes, making directories on the way', async () => {
  await files.put('/etc/a/b/file', file('x', 0o640))
  expect(await files.read('/etc/a/b/file')).toEqual(file('x', 0o640))
  expect(await files.list('/etc/a')).toEqual(new Map([['b', 'dir']]))
  await files.put('/etc/a/b/file', undefined)
  expect(await files.read('/etc/a/b/file')).toBeUndefined()
  await files.put('/none/below', undefined)
  await files.removeTree('/etc/a')
  await files.removeTree('/etc/a')
  expect(await files.list('/etc')).toEqual(new Map())
  expect(await files.list('/none')).toBeUndefined()
})

test('the last link of a path is not followed, and is replaced by a file', async () => {
  fs.symlinkSync('../../secret', join(top, 'etc/link'))
  expect(await files.read('/etc/link')).toEqual({ kind: 'link', target: '../../secret' })
  await files.put('/etc/link', file('mine'))
  expect(fs.readFileSync(join(outside, 'secret'), 'utf8')).toBe('of the NAS')
  expect(await files.read('/etc/link')).toEqual(file('mine'))
})

test('a directory takes the place of a link to one', async () => {
  fs.symlinkSync('/usr', join(top, 'etc/dir'))
  await files.put('/etc/dir', dir(0o700))
  expect(await files.read('/etc/dir')).toEqual(dir(0o700))
  expect((await files.read('/usr'))?.kind).toBe('dir')
})

describe.each([
  ['absolute', '/usr/lib'],
  ['relative', 'usr/lib'],
  ['relative, above the top', '../../../usr/lib'],
])('a link on the way that is %s', (_, target) => {
  test('leads where a chroot would lead it', async () => {
    fs.symlinkSync(target, join(top, 'lib'))
    await files.put('/lib/file', file('x'))
    expect(fs.readFileSync(join(top, 'usr/lib/file'), 'utf8')).toBe('x')
    expect(await files.read('/lib/file')).toEqual(file('x'))
  })
})

test('no link leads out of the tree', async () => {
  fs.symlinkSync(outside, join(top, 'out'))
  fs.symlinkSync('../..', join(top, 'etc/up'))
  expect(await files.read('/out/secret')).toBeUndefined()
  expect(await files.read('/etc/up/secret')).toBeUndefined()
  expect(await files.read('/../secret')).toBeUndefined()
  await files.put('/etc/up/secret', file('inside'))
  await files.put('/out/secret', file('inside'))
  await files.removeTree('/etc/up/secret')
  expect(fs.readFileSync(join(outside, 'secret'), 'utf8')).toBe('of the NAS')
})

test('a file that cannot take the place of a directory leaves nothing beside it', async () => {
  fs.mkdirSync(join(top, 'etc/fstab'))
  await expect(files.put('/etc/fstab', file('x'))).rejects.toThrow('EISDIR')
  expect(fs.readdirSync(join(top, 'etc'))).toEqual(['fstab'])
})

test('links in a circle are refused', async () => {
  fs.symlinkSync('b', join(top, 'a'))
  fs.symlinkSync('a', join(top, 'b'))
  await expect(files.read('/a/x')).rejects.toThrow('the links of "a" go in a circle')
})

test('the top itself is not removed', async () => {
  await expect(files.removeTree('/')).rejects.toThrow()
})
