import { expect, test } from 'vitest'
import { fileShouldBe } from '../../src/resources/file-should-be.ts'
import { dir, fakeNas, file } from '../support/fake-nas.ts'

const want = { path: '/etc/a/b/c.conf', text: 'new', why: 'test' }

test('makes the missing directories first', async () => {
  const puts = await fileShouldBe(fakeNas({ '/etc': dir() }), want)
  expect(puts.map((put) => [put.path, put.after])).toEqual([
    ['/etc/a', dir()],
    ['/etc/a/b', dir()],
    ['/etc/a/b/c.conf', file('new')],
  ])
})

test('already so: nothing', async () => {
  expect(await fileShouldBe(fakeNas({ [want.path]: file('new', 0o600) }), want)).toEqual([])
})

test('an existing file keeps mode, owner and encoding', async () => {
  const before = {
    kind: 'file',
    text: 'caf\xe9',
    encoding: 'latin1',
    mode: 0o640,
    uid: 5,
    gid: 6,
  } as const
  const [put, ...rest] = await fileShouldBe(fakeNas({ [want.path]: before }), want)
  expect(rest).toEqual([])
  expect(put).toMatchObject({ before, after: { ...before, text: 'new' } })
})

test('refuses a symbolic link, which writing would replace', async () => {
  const nas = fakeNas({ [want.path]: { kind: 'link', target: '/x' } })
  await expect(fileShouldBe(nas, want)).rejects.toThrow('is a symbolic link to /x')
})
