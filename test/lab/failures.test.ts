import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import type { Lab, Running } from './lab.ts'
import { addPi, addPiArgs, first, second, startFarm } from './machines.ts'
import { differences, nasState } from './nas-state.ts'

let lab: Lab
let before: ReadonlyMap<string, string>

beforeAll(async () => {
  lab = await startFarm()
  await addPi(lab, first)
})

afterAll(() => lab?.stop())

beforeEach(async () => {
  before = await nasState(lab)
})

async function sinceBefore(): Promise<string[]> {
  return differences(before, await nasState(lab))
}

/** The Pi that was there before still gets its address: dhcpd runs, with the former configuration. */
async function firstStillBoots(): Promise<void> {
  const boot = await lab.boot(first)
  expect([boot.stopped, boot.address]).toEqual([undefined, '10.77.0.50'])
}

/** Starts an add-pi that stands still in the restart of dhcpd until /run/lab/hold-dhcp-start is gone. */
async function startAndHold(): Promise<Running> {
  await lab.must(['rm', '-f', '/run/lab/dhcp-start-held'])
  await lab.write('/run/lab/hold-dhcp-start', '')
  const run = lab.start(addPiArgs(second))
  await lab.must(['sh', '-c', 'until [ -e /run/lab/dhcp-start-held ]; do sleep 0.02; done'])
  return run
}

test('a dhcpd.conf that was broken by hand: said so, exit 2, nothing changed', async () => {
  const good = await lab.read('/etc/dhcp/dhcpd.conf')
  onTestFinished(() => lab.write('/etc/dhcp/dhcpd.conf', good))
  await lab.write('/etc/dhcp/dhcpd.conf', good.replace('max-lease-time 7200;', 'max-lease-time'))
  before = await nasState(lab)
  const refused = await lab.pifarm(addPiArgs(second))
  expect(refused.code).toBe(2)
  expect(refused.stderr).toMatch(/dhcpd\.conf/)
  expect(refused.stderr).toMatch(/line 7|:7\b/)
  expect(await sinceBefore()).toEqual([])
  await firstStillBoots()
})

test('an exports that was broken by hand: said so, exit 2, nothing changed', async () => {
  const good = await lab.read('/etc/exports')
  onTestFinished(() => lab.write('/etc/exports', good))
  await lab.write('/etc/exports', `${good}/srv/films 10.77.0.7(rw,bogus)\n`)
  before = await nasState(lab)
  const refused = await lab.pifarm(addPiArgs(second))
  expect(refused.code).toBe(2)
  expect(refused.stderr).toMatch(/\/etc\/exports/)
  expect(await sinceBefore()).toEqual([])
})

test('a restart that fails: exit 3, all put back, and dhcpd alive again', async () => {
  await lab.write('/run/lab/fail-dhcp-start', '')
  const failed = await lab.pifarm(addPiArgs(second))
  expect(failed.code).toBe(3)
  expect(failed.stderr).toContain('put back')
  expect(await sinceBefore()).toEqual([])
  await firstStillBoots()
})

test('Ctrl-C in the middle of a reload: exit 130, all put back, and dhcpd alive again', async () => {
  const run = await startAndHold()
  expect(await sinceBefore()).not.toEqual([])
  await run.interrupt()
  await lab.must(['rm', '/run/lab/hold-dhcp-start'])
  expect((await run.ended).code).toBe(130)
  expect(await sinceBefore()).toEqual([])
  await firstStillBoots()
})

test('while another run holds the lock: exit 6, who and since when, nothing changed', async () => {
  const run = await startAndHold()
  before = await nasState(lab)
  const locked = await lab.pifarm(['remove-pi', first.name, '--yes'])
  expect(locked.code).toBe(6)
  expect(locked.stderr).toMatch(/add-pi --mac b8:27:eb:5a:11:22 .*pid \d+, since 20\d\d-/)
  expect(await sinceBefore()).toEqual([])
  await lab.must(['rm', '/run/lab/hold-dhcp-start'])
  expect((await run.ended).code).toBe(0)
  expect(await lab.pifarm(['remove-pi', second.name, '--purge', '--yes'])).toMatchObject({
    code: 0,
  })
})

test('a disk without room for the copy: exit 2 before anything is copied', async () => {
  const used = await lab.must(['sh', '-c', 'df -B1 --output=used /mnt/PiRoots | tail -n 1'])
  const size = Number(used) + 3_000_000
  await lab.must(['mount', '-o', `remount,size=${size}`, '/mnt/PiRoots'])
  const refused = await lab.pifarm(addPiArgs(second))
  await lab.must(['mount', '-o', 'remount,size=50%', '/mnt/PiRoots'])
  expect(refused.code).toBe(2)
  expect(refused.stderr).toMatch(/\/mnt\/PiRoots has .* free, .* are needed/)
  expect(await sinceBefore()).toEqual([])
})

test('a person’s rule in the live firewall and the rules file outlives add and remove', async () => {
  await addPi(lab, second)
  const rule = ['-s', '10.77.0.66/32', '-m', 'comment', '--comment', 'mine', '-j', 'DROP']
  await lab.must(['iptables', '-A', 'INPUT', ...rule])
  expect(await lab.pifarm(['remove-pi', second.name, '--purge', '--yes'])).toMatchObject({
    code: 0,
  })
  await lab.must(['iptables', '-C', 'INPUT', ...rule])
  await lab.must(['iptables', '-D', 'INPUT', ...rule])
  expect(await sinceBefore()).toEqual([])
})

test('a mountd that was killed: status says so and exits 4, until it runs again', async () => {
  const well = await lab.pifarm(['status'])
  expect([well.code, well.stdout]).toEqual([0, expect.stringContaining('nfs-ports   as farm.yaml')])
  onTestFinished(async () => void (await lab.must([lab.service('nfs-server'), 'restart'])))
  await lab.must(['sh', '-c', 'kill -9 "$(cat /run/lab/rpc.mountd.pid)"'])
  const told = await lab.pifarm(['status'])
  expect(told.stdout).toContain('nfs-ports: mountd is not running')
  expect(told.code).toBe(4)
})
