import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ScratchNas, scratchNas } from '../support/scratch-nas.ts'
import { plainWishes } from '../support/template-tree.ts'

let nas: ScratchNas

beforeAll(() => {
  nas = scratchNas()
})
afterAll(() => nas.remove())

async function refused(...flags: readonly string[]) {
  const built = await nas.pifarm(['template', 'build', 'x', ...plainWishes, ...flags])
  expect(built.code).toBe(2)
  expect(fs.readdirSync(nas.roots)).toEqual([])
  return built
}

test.each([
  ['--live'],
  ['--arch', 'armhf'],
  ['--mirror', 'http://deb.debian.org/debian'],
  ['--ssh-port', '22'],
  ['--ssh-identity', '/root/.ssh/id_ed25519'],
  ['--ssh-password-file', '/root/password'],
  ['--ssh-fingerprint', `SHA256:${'A'.repeat(43)}`],
])('%s is for another source than an image: refused, not passed over', async (name, ...value) => {
  const { error, hint } = await refused('--from-image', '/nowhere.img', name, ...value)
  expect(error).toBe(`${name} says nothing of --from-image`)
  expect(hint).toMatch(/^it goes with --(?:from-root|bootstrap|from-pi)$/)
})

test.each(['--from-image', '--from-tar'])(
  '%s of what is no file is told what it is',
  async (flag) => {
    const dir = join(nas.dir, 'dir')
    const fifo = join(nas.dir, 'fifo')
    const device = join(nas.dir, 'device')
    fs.mkdirSync(dir, { recursive: true })
    for (const path of [fifo, device]) fs.rmSync(path, { force: true })
    execFileSync('mkfifo', [fifo])
    execFileSync('mknod', [device, 'b', '8', '16'])
    expect((await refused(flag, dir)).error).toBe(`"${dir}" is a directory, not a file`)
    expect((await refused(flag, fifo)).error).toBe(`"${fifo}" is a fifo, not a file`)
    const card = await refused(flag, device)
    expect(card.error).toBe(`"${device}" is a block special file, not a file`)
    expect(card.hint).toContain(`dd if=${device} of=`)
    expect((await refused(flag, `${dir}/nothing`)).error).toBe(`there is no file "${dir}/nothing"`)
  },
)

test.each([
  [[], 'it was not said what to build from'],
  [['--from-tar', '/nowhere.tar'], 'there is no file "/nowhere.tar"'],
])('a build with %j says that, and nothing of keys before it', async (from, said) => {
  const { error, warnings } = await nas.pifarm(['template', 'build', 'x', ...from])
  expect([error, warnings]).toEqual([said, []])
})

test.each([
  [['--no-ssh-key'], ['so far nobody can log in: pi gets neither a password nor an ssh key']],
  [plainWishes, []],
])(
  'with %j a bootstrap says before its minutes of work whether anybody can log in',
  async (wishes, said) => {
    // Nobody listens there: the build ends at its first request.
    const from = ['--bootstrap', '--arch', 'amd64', '--mirror', 'http://127.0.0.1:9/debian']
    const { error, warnings } = await nas.pifarm(['template', 'build', 'x', ...from, ...wishes])
    expect(error).toMatch(/^mmdebstrap failed: /)
    expect(warnings.map((line) => line.split(';')[0])).toEqual(said)
  },
)

test.each([
  ['--controller', 'nas:8080', 'it is like http://10.77.0.1:8080'],
  ['--controller', '10.77.0.1', 'it is like http://10.77.0.1:8080'],
  ['--media', 'nas:/../x', 'a share is host:/path, without ..'],
  ['--media', 'nas:/srv/..', 'a share is host:/path, without ..'],
  ['--user', 'root', 'root has its keys besides, and no home for the media share'],
])('%s %s is refused with what it should be', async (flag, value, said) => {
  const { error, hint } = await refused('--from-tar', '/nowhere.tar', flag, value)
  expect(error).toBe(`bad ${flag} ${JSON.stringify(value)}`)
  expect(hint).toContain(said)
})

describe('hooks run as root, so that others may have no hand in them:', () => {
  test.each([
    ['may be written by anybody', 'chmod o-w', 0, 0, 0o1757],
    ['may be written by group 1234', 'chmod g-w', 0, 1234, 0o775],
    ['belongs to user 1234', 'chown root', 1234, 0, 0o755],
  ])('what %s is refused', async (said, cure, uid, gid, mode) => {
    const { hooks, hook } = layHooks()
    for (const path of [hooks, hook]) {
      fs.chownSync(path, uid, gid)
      fs.chmodSync(path, mode)
      const { error, hint } = await refused('--from-tar', '/nowhere.tar', '--hook-dir', hooks)
      expect(error).toBe(`"${path}" ${said}, and hooks run as root`)
      expect(hint).toContain(`${cure} '${path}'`)
      fs.chownSync(path, 0, 0)
      fs.chmodSync(path, 0o755)
    }
  })

  test('those of whoever called sudo, and what the group of root may write, are none of others', async () => {
    const { hooks, hook } = layHooks()
    fs.chmodSync(hooks, 0o775)
    fs.chownSync(hook, 1234, 1234)
    const words = ['template', 'build', 'x', ...plainWishes, '--from-tar', '/nowhere.tar']
    const { error } = await nas.pifarm([...words, '--hook-dir', hooks], {
      env: { SUDO_UID: '1234' },
    })
    expect(error).toBe('there is no file "/nowhere.tar"')
  })
})

function layHooks(): { readonly hooks: string; readonly hook: string } {
  const hooks = fs.mkdtempSync(join(nas.dir, 'the hooks '))
  const hook = join(hooks, '10-hook')
  fs.chmodSync(hooks, 0o755)
  fs.writeFileSync(hook, '#!/bin/sh\n', { mode: 0o755 })
  return { hooks, hook }
}

test('what is in a hook directory and is not run is told', async () => {
  const hooks = join(nas.dir, 'some')
  fs.mkdirSync(hooks)
  fs.writeFileSync(join(hooks, 'notes'), '', { mode: 0o644 })
  fs.symlinkSync('/bin/true', join(hooks, 'link'))
  const { warnings } = await refused('--from-tar', '/nowhere.tar', '--hook-dir', hooks)
  expect(warnings).toEqual(
    ['link', 'notes'].map((name) => `${hooks}/${name} is not run: it is no executable file`),
  )
})
