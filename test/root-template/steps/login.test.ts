import { describe, expect, test } from 'vitest'
import { login } from '../../../src/root-template/steps/login.ts'
import { output } from '../../support/fake-nas.ts'
import { fakeTree } from '../../support/fake-tree.ts'
import { hashes, piRoot } from '../../support/pi-roots.ts'
import { key, leavesAlone, mends, wishes } from './law.ts'

function shadow(root: string, pi: string): Record<string, string> {
  return { '/etc/shadow': `root:${root}:19000:0:99999:7:::\npi:${pi}:18000:0:99999:7:::\n` }
}

describe('a default password', () => {
  test.each([
    ['as buster has it', hashes.raspberry],
    ['as yescrypt', hashes.raspberryYescrypt],
  ])('%s is locked, every other field stays', async (_, hash) => {
    const tree = piRoot('bookworm', shadow('*', hash))
    const { problems } = await mends(login, tree)
    expect(problems).toEqual(['/etc/shadow: pi has a default password'])
    expect(tree.textAt('/etc/shadow')).toBe(shadow('*', '*')['/etc/shadow'])
  })

  test("root's is found too", async () => {
    const { problems } = await mends(login, piRoot('bookworm', shadow(hashes.raspberry, '*')))
    expect(problems).toEqual(['/etc/shadow: root has a default password'])
  })

  test('never becomes the password asked for', async () => {
    const tree = piRoot('bookworm', shadow('*', hashes.raspberry))
    await mends(login, tree, { passwordHash: hashes.own })
    expect(tree.textAt('/etc/shadow')).toContain(`pi:${hashes.own}:18000`)
  })

  test('hashes are not shown to everybody who runs ps', async () => {
    const asked: (readonly string[])[] = []
    const ask = (argv: readonly string[]) => {
      asked.push(argv)
      return output()
    }
    const tree = fakeTree(shadow('*', hashes.own), { ask })
    await login.inspect(tree, wishes)
    expect(asked.flat().join()).not.toContain(hashes.own)
  })

  test('that could not be tried stops it', async () => {
    const ask = () => output('', 127)
    await expect(login.inspect(fakeTree(shadow('*', 'x'), { ask }), wishes)).rejects.toThrow(/perl/)
  })
})

test('an empty password is locked', async () => {
  const { problems } = await mends(login, piRoot('bookworm', shadow('*', '')))
  expect(problems).toEqual(['/etc/shadow: pi has an empty password'])
})

test('a user that is missing is made, without a password', async () => {
  const tree = piRoot('bookworm')
  await mends(login, tree, { user: 'mux' })
  expect(tree.ran[0]?.slice(-2)).toEqual(['--', 'mux'])
  expect(tree.ran[0]).toContain('sudo,video')
})

test('a user that is missing is made with the password asked for', async () => {
  const tree = piRoot('bookworm')
  await mends(login, tree, { user: 'mux', passwordHash: hashes.own })
  expect(tree.textAt('/etc/shadow')).toContain(`mux:${hashes.own}:`)
})

test('nobody could log in: said, and not mended by opening it', async () => {
  const tree = piRoot('bookworm')
  const none = { ...wishes, sshKeys: [] }
  expect(await login.inspect(tree, none)).toEqual([
    'nobody can log in: pi has neither a password nor an ssh key; give one with --ssh-key FILE or --password-hash',
  ])
  expect(await login.mend(tree, none)).toEqual([])
})

test.each([
  ['a key to come', piRoot('bookworm'), {}],
  ['a password of its own', piRoot('bookworm', shadow('*', hashes.own)), { sshKeys: [] }],
  [
    'a key that is there',
    piRoot('bookworm', { '/home/pi/.ssh/authorized_keys': key }),
    { sshKeys: [] },
  ],
  [
    'the password asked for',
    piRoot('bookworm', shadow('*', hashes.own)),
    { passwordHash: hashes.own },
  ],
])('%s: left alone', async (_, tree, wished) => {
  await leavesAlone(login, tree, wished)
})
