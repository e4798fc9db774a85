import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { laySourceTree } from '../support/source-tree.ts'
import { plainWishes } from '../support/template-tree.ts'
import { initArgs } from './init-farm.ts'
import { type Lab, startLab } from './lab.ts'

const pis = [
  { name: 'HLSPi1', mac: 'b8:27:eb:33:34:7a', serial: '3333347a' },
  { name: 'HLSPi2', mac: 'b8:27:eb:00:00:02', serial: '00000002' },
] as const
const [first, second] = pis

let lab: Lab
let dir: string

/** A farm whose template pifarm has built itself, of a tar, before there is any Pi. */
beforeAll(async () => {
  lab = await startLab([...pis])
  // /tmp is the same inside the lab.
  dir = fs.mkdtempSync(join(tmpdir(), 'pifarm-lab-'))
  const source = laySourceTree(join(dir, 'clone'), 'bookworm')
  fs.cpSync(source.bootFiles, join(source.root, source.boot), { recursive: true })
  fs.renameSync(source.root, `${dir}/root`)
  const all = ['--xattrs', '--xattrs-include=*', '--acls', '-S']
  execFileSync('tar', ['-cpf', `${dir}/clone.tar`, ...all, '-C', dir, 'root'])
  expect((await lab.pifarm(initArgs(lab))).code).toBe(0)
}, 120_000)
afterAll(async () => {
  await lab.stop()
  fs.rmSync(dir, { recursive: true, force: true })
})

test('the default template brings its boot files to the TFTP server', async () => {
  const from = ['template', 'build', '--from-tar', `${dir}/clone.tar`, '--yes']
  const built = await lab.pifarm([...from, ...plainWishes])
  expect([built.code, built.stderr]).toEqual([
    0,
    expect.stringContaining('template is the default: its boot files go to the TFTP server'),
  ])
  const served = await lab.must(['ls', '/srv/tftp/templates/template'])
  expect(served.split('\n')).toEqual(expect.arrayContaining(['kernel8.img', 'start.elf']))
})

test('the same command again refuses to build over it', async () => {
  const from = ['template', 'build', '--from-tar', `${dir}/clone.tar`, '--yes']
  const { code, stderr } = await lab.pifarm(from)
  expect([code, stderr]).toEqual([2, expect.stringContaining('is there already')])
})

describe('two Pis of it', () => {
  beforeAll(async () => {
    for (const { name, mac, serial } of pis) {
      const flags = ['--mac', mac, '--name', name, '--serial', serial, '--yes']
      const added = await lab.pifarm(['add-pi', ...flags])
      expect([added.code, added.stderr]).toEqual([0, expect.anything()])
    }
  }, 120_000)

  test('boot its kernel, each with its own root', async () => {
    for (const pi of pis) {
      const boot = await lab.boot(pi)
      expect(boot.stopped).toBeUndefined()
      expect(boot.kernel).toBe('kernel8.img')
      expect(boot.cmdline?.text).toContain(`nfsroot=10.77.0.1:/mnt/PiRoots/${pi.name},`)
    }
  })

  test('share no key, no machine-id and no host name', async () => {
    const files = ['etc/machine-id', 'etc/hostname', 'etc/ssh/ssh_host_ed25519_key']
    for (const file of files) {
      const [one, other] = await Promise.all(
        pis.map(({ name }) => lab.read(`/mnt/PiRoots/${name}/${file}`)),
      )
      expect(one?.trim(), file).not.toBe('')
      expect(one, file).not.toBe(other)
    }
    expect(await lab.must(['ls', '/mnt/PiRoots/template/etc/ssh'])).not.toContain('ssh_host_')
  })

  test('lint has nothing against the root of either', async () => {
    for (const { name } of pis) {
      const { code, stdout } = await lab.pifarm(['template', 'lint', name, ...plainWishes])
      expect(stdout).not.toMatch(/^ {2}why: /m)
      expect(code).toBe(0)
    }
  })

  test('the root of one that is off becomes a template, and stays its own', async () => {
    const { code, stderr } = await lab.pifarm([
      ...['template', 'build', 'hls', '--from-root', first.name, '--yes'],
      ...plainWishes,
    ])
    expect([code, stderr]).toEqual([0, expect.stringContaining('pifarm add-pi --template hls')])
    expect(await lab.must(['ls', '/mnt/PiRoots/hls/etc/ssh'])).not.toContain('ssh_host_')
    expect(await lab.read(`/mnt/PiRoots/${first.name}/etc/hostname`)).toBe(`${first.name}\n`)
  })

  test('a template in use is not removed, one that nobody uses is', async () => {
    const used = await lab.pifarm(['template', 'remove', 'template', '--yes'])
    expect([used.code, used.stderr]).toEqual([
      2,
      expect.stringContaining(`template is the template of ${first.name}, ${second.name}`),
    ])
    expect((await lab.pifarm(['template', 'remove', 'hls', '--yes'])).code).toBe(0)
    const listed = await lab.pifarm(['template', 'list', '--json'])
    expect(JSON.parse(listed.stdout)).toMatchObject([
      { name: 'template', isDefault: true, pis: [first.name, second.name] },
    ])
    expect((await lab.pifarm(['plan', '--exit-code'])).code).toBe(0)
  })
})
