import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { localHost } from '../../src/host/local.ts'
import { localWorkshop } from '../../src/host/local-workshop.ts'
import { withEmulation } from '../../src/root-template/emulation.ts'
import { kernelFacts } from '../../src/root-template/inside/kernel-image.ts'
import { treeOnDisk } from '../../src/root-template/tree-on-disk.ts'
import { initFarm } from '../lab/init-farm.ts'
import { type Lab, startLab } from '../lab/lab.ts'
import { cachedNas, type ScratchNas } from '../support/scratch-nas.ts'

/** Debian for a Pi 3B from Debian's packages, kept below ~/.cache until its making changes. */
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pifarm-test/slow')
const project = join(import.meta.dirname, '../..')
const pi = { name: 'HLSPi1', mac: 'b8:27:eb:33:34:7a', serial: '3333347a' } as const

let nas: ScratchNas
let root: string
let key: string

beforeAll(async () => {
  nas = cachedNas(cache)
  root = join(nas.roots, 'arm64')
  key = join(cache, 'id.pub')
  if (!fs.existsSync(key))
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(cache, 'id')])
  const madeBy = join(cache, 'made-by')
  const now = makers()
  const isFresh = fs.existsSync(madeBy) && fs.readFileSync(madeBy, 'utf8') === now
  if (isFresh && fs.existsSync(root)) return
  if (fs.existsSync(root)) await nas.pifarm(['template', 'remove', 'arm64'], { answers: [true] })
  const from = ['template', 'build', 'arm64', '--bootstrap', 'bookworm', '--arch', 'arm64']
  const built = await nas.pifarm([...from, '--ssh-key', key])
  expect([built.error, built.hint, built.code]).toEqual(['', '', 0])
  fs.writeFileSync(madeBy, now)
})

/** Says whether the template in the cache is what the code of today would make. */
function makers(): string {
  const hash = createHash('sha256').update(fs.readFileSync(join(project, 'dist/agent.mjs')))
  for (const dir of ['src/root-template', 'templates/root-template'])
    for (const entry of fs.readdirSync(join(project, dir), {
      recursive: true,
      withFileTypes: true,
    }))
      if (entry.isFile()) hash.update(fs.readFileSync(join(entry.parentPath, entry.name)))
  return hash.digest('hex')
}

test('lint has nothing against it', async () => {
  const { code, stdout } = await nas.pifarm(['template', 'lint', 'arm64', '--ssh-key', key])
  expect(stdout).not.toMatch(/^ {2}why: /m)
  expect(code).toBe(0)
})

test('its kernel is the one that its modules are for', () => {
  const facts = kernelFacts(fs.readFileSync(join(root, 'boot/firmware/kernel8.img')))
  expect(fs.readdirSync(join(root, 'usr/lib/modules'))).toEqual([facts?.version])
})

test('its kernel is of a form that the firmware starts', () => {
  // "ARM\x64" in the header of an arm64 Image; a compressed EFI program has none.
  const image = fs.readFileSync(join(root, 'boot/firmware/kernel8.img'))
  expect(image.toString('latin1', 56, 60)).toBe('ARM\u0064')
})

test('its initramfs has what brings up the network of a Pi 3B and mounts NFS', async () => {
  const { stdout } = await inside(['lsinitramfs', '/boot/firmware/initramfs8'])
  for (const name of ['dwc2', 'smsc95xx', 'lan78xx', 'nfsv3', 'phy-generic'])
    expect(stdout).toMatch(new RegExp(`/${name}\\.ko`))
  expect(stdout).toMatch(/nfsmount$/m)
})

test.each([
  ['ffmpeg', ['ffmpeg', '-version'], /^ffmpeg version /],
  ['node', ['node', '--version'], /^v\d+\./],
  ['the agent', ['node', '/opt/pifarm/agent.mjs', '--version'], /^\d+\.\d+\.\d+$/m],
  [
    'its unit',
    ['systemd-analyze', '--man=no', 'verify', '/etc/systemd/system/hls-muxer.service'],
    /^$/,
  ],
  ['its own architecture', ['dpkg', '--print-architecture'], /^arm64$/m],
])('%s runs inside', async (_, argv, said) => {
  const { code, stdout } = await inside(argv)
  expect([code, stdout]).toEqual([0, expect.stringMatching(said)])
})

async function inside(argv: readonly string[]) {
  const workshop = localWorkshop()
  const files = workshop.filesBelow(root)
  const { signal } = new AbortController()
  const host = localHost()
  return await withEmulation(
    host,
    () => {},
    async (emulation) => {
      const tools = { nas: host, workshop, files, emulation, log: '/dev/null', signal }
      return await treeOnDisk({ ...tools, enter: 'look' }).run(argv)
    },
  )
}

test('its apt tells how far it is with a package more', async () => {
  const from = ['template', 'build', 'packed', '--from-root', 'arm64', '--ssh-key', key]
  const built = await nas.pifarm([...from, '--package', 'tree'])
  try {
    expect([built.error, built.hint, built.code]).toEqual(['', '', 0])
    expect(fs.existsSync(join(nas.roots, 'packed/usr/bin/tree'))).toBe(true)
    const fetched = built.steps.findLast((line) => line.startsWith('at Packages: fetching '))
    expect(fetched).toMatch(/ ([1-9]\d+)\/\1 bytes$/)
    const installed = built.steps.filter((line) => line.startsWith('at Packages: installing '))
    expect(installed.length).toBeGreaterThan(5)
  } finally {
    fs.rmSync(join(nas.roots, 'packed'), { recursive: true, force: true })
  }
})

test('a hook runs inside, and what it undoes is mended again', async () => {
  const hooks = join(cache, 'hooks')
  fs.mkdirSync(hooks, { recursive: true })
  const script = '#!/bin/sh\nset -e\nuname -m >/etc/hooked\necho $PIFARM_TEMPLATE >>/etc/hooked\n'
  const keys = 'ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key\n'
  fs.writeFileSync(join(hooks, '10-mark'), script + keys, { mode: 0o755 })
  fs.writeFileSync(join(hooks, 'README'), 'not run: it is no executable\n', { mode: 0o644 })
  const from = ['template', 'build', 'hooked', '--from-root', 'arm64', '--ssh-key', key]
  const built = await nas.pifarm([...from, '--hook-dir', hooks])
  const made = join(nas.roots, 'hooked')
  try {
    expect([built.error, built.hint, built.code]).toEqual(['', '', 0])
    expect(fs.readFileSync(join(made, 'etc/hooked'), 'utf8')).toBe('aarch64\nhooked\n')
    expect(fs.existsSync(join(made, 'etc/ssh/ssh_host_ed25519_key'))).toBe(false)
    expect(fs.existsSync(join(made, 'usr/sbin/policy-rc.d'))).toBe(false)
  } finally {
    fs.rmSync(made, { recursive: true, force: true })
  }
})

test('a hook that fails ends the build with its own words, and nothing is left', async () => {
  const hooks = join(cache, 'bad-hooks')
  fs.mkdirSync(hooks, { recursive: true })
  fs.writeFileSync(join(hooks, 'fail'), '#!/bin/sh\necho it broke >&2\nexit 3\n', { mode: 0o755 })
  const from = ['template', 'build', 'hooked', '--from-root', 'arm64', '--ssh-key', key]
  const built = await nas.pifarm([...from, '--hook-dir', hooks])
  expect(built.error).toBe('the hook fail failed: it broke')
  expect(fs.readdirSync(nas.roots)).toEqual(['arm64'])
})

describe('in a farm', () => {
  let lab: Lab

  beforeAll(async () => {
    lab = await startLab([pi])
    const there = fs.mkdtempSync(join(tmpdir(), 'pifarm-arm64-'))
    // /tmp is the same inside the lab, the cache need not be.
    execFileSync('cp', ['-a', '-T', root, join(there, 'root')])
    await lab.must(['cp', '-a', '-T', join(there, 'root'), '/mnt/PiRoots/template'])
    fs.rmSync(there, { recursive: true })
    await initFarm(lab)
    const flags = ['--mac', pi.mac, '--name', pi.name, '--serial', pi.serial, '--yes']
    const added = await lab.pifarm(['add-pi', ...flags])
    expect([added.code, added.stderr]).toEqual([0, expect.anything()])
  })
  afterAll(() => lab?.stop())

  test('a Pi 3B loads every file that its config.txt names', async () => {
    const boot = await lab.boot(pi)
    expect(boot.stopped).toBeUndefined()
    expect(boot.warnings).toEqual([])
    expect(boot.kernel).toBe('kernel8.img')
    expect(boot.config).toMatchObject({ arm_64bit: '1' })
    const loaded = Object.keys(boot.files).map((name) => name.replace(`${pi.serial}/`, ''))
    for (const name of ['start.elf', 'fixup.dat', 'bcm2710-rpi-3-b.dtb', 'initramfs8'])
      expect(loaded).toContain(name)
  })
})
