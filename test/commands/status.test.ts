import { describe, expect, test } from 'vitest'
import {
  addHlsPi1,
  config,
  type FarmNas,
  inForce,
  listening,
  readyFarm,
  textOn,
} from '../support/farm-nas.ts'

const addPending = 'add-pi --mac b8:27:eb:00:00:02 --name HLSPi2 --no-wait'

/** Runs a command until it comes to that mutation, and from there on nothing of it happens. */
async function killAt(nas: FarmNas, words: string, mutation: RegExp): Promise<void> {
  let isKilled = false
  nas.beforeMutation = (_, what) => {
    isKilled ||= mutation.test(what)
    if (isKilled) throw new Error('killed')
  }
  await nas.pifarm(words).catch(() => undefined)
  nas.beforeMutation = () => {}
}

test('a farm in which all is well', async () => {
  const nas = await readyFarm([addHlsPi1, addPending])
  const mutations = nas.mutations
  const { code, stdout } = await nas.pifarm('status')
  expect(stdout).toBe(`PART        STATE
rootfs      as farm.yaml says
tftp        as farm.yaml says
nfs-ports   as farm.yaml says
exports     as farm.yaml says
firewall    as farm.yaml says
dhcp        as farm.yaml says
controller  as farm.yaml says
pis         2, 1 pending: HLSPi2`)
  expect(code).toBe(0)
  expect(nas.mutations).toBe(mutations)
})

test('changes that apply would make', async () => {
  const nas = await readyFarm([addHlsPi1])
  nas.poke(config, textOn(nas, config).replace('muxid: 1', 'muxid: 7'))
  const { code, stdout } = await nas.pifarm('status')
  expect(code).toBe(5)
  expect(stdout).toContain('tftp        1 change pending')
  expect(stdout).toContain('next: `pifarm plan` shows what is pending')
})

describe('what is wrong and apply does not mend:', () => {
  test.each<[string, (nas: FarmNas) => void, string]>([
    [
      'a dead dhcpd',
      (nas) => nas.poke('/proc/4242/stat', undefined),
      'dhcp: dhcpd is not running: /run/dhcpd.pid names 4242',
    ],
    [
      'a mountd at another port',
      (nas) => nas.poke(inForce.rpc, '100005 3 tcp 41234 mountd\n'),
      'nfs-ports: mountd is at tcp port 41234, not at 33049',
    ],
    [
      'a mountd that was killed, and that the portmapper still lists',
      (nas) => nas.poke('/proc/net/tcp', listening(111)),
      'nfs-ports: mountd is not running: nothing listens on TCP port 33049',
    ],
  ])('%s', async (_, breakIt, line) => {
    const nas = await readyFarm([addHlsPi1])
    breakIt(nas)
    const { code, stdout } = await nas.pifarm('status')
    expect(stdout).toContain(line)
    expect(code).toBe(4)
    const { parts } = JSON.parse((await nas.pifarm('status --json')).stdout)
    expect(parts.filter(({ wrong }: { wrong: string[] }) => wrong.length > 0)).toHaveLength(1)
  })

  test('a template that is gone hides no other part', async () => {
    const nas = await readyFarm([addHlsPi1])
    nas.poke('/mnt/PiRoots/HLSPi1', undefined)
    nas.poke('/mnt/PiRoots/template', undefined)
    const { code, stdout } = await nas.pifarm('status')
    expect(stdout).toContain('rootfs: there is no template "template" in /mnt/PiRoots')
    expect(stdout).toContain('dhcp        as farm.yaml says')
    expect(code).toBe(4)
  })
})

describe('a run that was killed', () => {
  test('is told, with what the next command does about it', async () => {
    const nas = await readyFarm()
    await killAt(nas, addHlsPi1, /^run exportfs/)
    const mutations = nas.mutations
    const { code, stdout } = await nas.pifarm('status')
    expect(code).toBe(5)
    expect(stdout).toMatch(
      /cut off: pifarm add-pi .* \(run 0002, 2026-11-22T20:00:00.000Z\), (\d+) of \1 changes made/,
    )
    expect(stdout).toContain('rootfs      half done')
    expect(stdout).toContain('puts all of that back first, and then does its own work')
    expect(stdout).not.toContain('private')
    expect(nas.mutations).toBe(mutations)
    expect((await nas.pifarm('apply --yes')).stderr).toContain('put back what was cut off')
    expect((await nas.pifarm('status')).code).toBe(0)
  })

  test('at work is no leftover', async () => {
    const nas = await readyFarm()
    await killAt(nas, addHlsPi1, /^cloneTree/)
    nas.poke('/var/lib/pifarm/lock', 'pifarm add-pi (pid 9, since noon)\n')
    nas.poke('/proc/locks', '1: FLOCK  ADVISORY  WRITE 9 08:01:77 0 EOF\n')
    const { stdout } = await nas.pifarm('status')
    expect(stdout).toContain('at work: pifarm add-pi (pid 9, since noon)')
    expect(stdout).not.toContain('cut off')
    nas.poke('/proc/locks', '1: FLOCK  ADVISORY  WRITE 9 08:01:78 0 EOF\n')
    expect((await nas.pifarm('status')).stdout).toContain('cut off')
  })

  test('and of which something was changed by hand needs hands', async () => {
    const nas = await readyFarm()
    await killAt(nas, addHlsPi1, /^run exportfs/)
    nas.poke('/srv/tftp/3333347a/cmdline.txt', 'by hand\n')
    const before = await nas.pifarm('status')
    expect(before.code).toBe(4)
    expect(before.stdout).toContain(
      'neither as before nor as planned: /srv/tftp/3333347a/cmdline.txt',
    )
    expect((await nas.pifarm('apply --yes')).code).toBe(4)
    const after = await nas.pifarm('status')
    expect(after.code).toBe(4)
    expect(after.stdout).toContain('is in /var/lib/pifarm/failed-0002.json')
  })

  test('before it had deleted what it was to purge', async () => {
    const nas = await readyFarm([addHlsPi1])
    await killAt(nas, 'remove-pi HLSPi1 --purge --yes', /^removeTree/)
    const { code, stdout } = await nas.pifarm('status')
    expect(code).toBe(5)
    expect(stdout).toContain('to be deleted for good: /mnt/PiRoots/.HLSPi1.removed-0003')
  })
})

test('only root sees all of it', async () => {
  const nas = await readyFarm()
  expect(await nas.pifarm('status', { isRoot: false })).toMatchObject({
    code: 2,
    error: 'only root can see all of the NAS',
  })
})
