import { describe, expect, test } from 'vitest'
import { addHlsPi1, farmNas, inForce, initCommand, readyFarm } from '../support/farm-nas.ts'

describe('while another run holds the lock', () => {
  test.each([addHlsPi1, 'apply', 'undo --yes', 'init'])('%s ends with 6', async (command) => {
    const nas = await readyFarm()
    await nas.lock('/var/lib/pifarm/lock', 'pifarm add-pi (pid 77, since 19:59)')
    const before = nas.snapshot()
    const { code, error, hint } = await nas.pifarm(command)
    expect({ code, error }).toEqual({
      code: 6,
      error: 'another run is at work: pifarm add-pi (pid 77, since 19:59)',
    })
    expect(hint).toContain('run the command again')
    expect(nas.snapshot()).toEqual(before)
  })

  test.each(['plan', 'list'])('%s goes on', async (command) => {
    const nas = await readyFarm()
    await nas.lock('/var/lib/pifarm/lock', 'pifarm add-pi')
    expect((await nas.pifarm(command)).code).toBe(0)
  })
})

test('every command lets go of the lock, however it ends', async () => {
  const nas = await readyFarm()
  await nas.pifarm(`${addHlsPi1} --ip 10.99.0.1`)
  await nas.pifarm(`${addHlsPi1} --serial 11111111`, { answers: [false] })
  expect((await nas.pifarm(addHlsPi1)).code).toBe(0)
})

test('dhcpd that does not start with the new file: all is put back, exit 3', async () => {
  const nas = await readyFarm()
  const before = nas.outside()
  const { put } = nas
  nas.put = async (path, entry) => {
    await put(path, entry)
    // Laid, it is too much for dhcpd; put back, dhcpd starts again.
    if (path === '/etc/dhcp/pifarm.conf') nas.broken.dhcpd = !nas.broken.dhcpd
  }
  const { code, stderr } = await nas.pifarm(addHlsPi1)
  expect(code).toBe(3)
  expect(stderr).toContain('failed: dhcpd is not running: no process number in /run/dhcpd.pid')
  expect(stderr).toContain('everything was put back')
  expect(nas.outside()).toEqual(before)
}, 15_000)

describe('an NFS server that does not start', () => {
  test('once: all is put back, exit 3', async () => {
    const nas = farmNas()
    const before = nas.outside()
    nas.broken.nfs = true
    nas.beforeMutation = (_, what) => {
      if (what === 'put /etc/nfs.conf.d/pifarm.conf') nas.beforeMutation = mend
    }
    function mend(_: number, what: string): void {
      if (what === 'put /etc/nfs.conf.d/pifarm.conf') nas.broken.nfs = false
    }
    const { code, stderr } = await nas.pifarm(initCommand)
    expect(code).toBe(3)
    expect(stderr).toContain(
      'failed: systemctl restart rpc-statd.service nfs-server.service failed: Job for nfs-server.service failed.',
    )
    expect(nas.outside()).toEqual(before)
  })

  test('never again: exit 4, and it is named', async () => {
    const nas = farmNas()
    nas.broken.nfs = true
    const { code, stderr } = await nas.pifarm(initCommand)
    expect(code).toBe(4)
    expect(stderr).toContain('these could not be put back and need you:\n  systemctl restart rpc-')
    expect(nas.snapshot()).not.toHaveProperty(['/etc/pifarm'])
  })
})

test.each([
  ['the journal', 'put /var/lib/pifarm/running.json', undefined, 3],
  ['what a check reads', 'put /etc/dhcp/.pifarm-check-0.conf', undefined, 3],
  ['the end of the run', 'moveTree /var/lib/pifarm/running.json', /the next command puts back/, 4],
])('a full disk while %s is written is no bug either', async (_, step, hint, expected) => {
  const nas = await readyFarm()
  const before = nas.outside()
  nas.beforeMutation = (_n, what) => {
    if (what !== step) return
    nas.beforeMutation = () => {}
    throw fullDisk()
  }
  const outcome = await nas.pifarm(addHlsPi1)
  expect(outcome).toMatchObject({ code: expected, error: fullDisk().message })
  if (hint !== undefined) expect(outcome.hint).toMatch(hint)
  await nas.pifarm('apply --yes')
  expect(nas.outside()).toEqual(before)
})

test('a full disk while it writes: all is put back, exit 3, and no stack is shown', async () => {
  const nas = await readyFarm()
  const before = nas.outside()
  nas.beforeMutation = (_, what) => {
    if (what !== 'put /etc/exports.d/pifarm.exports') return
    throw fullDisk()
  }
  const { code, stderr } = await nas.pifarm(addHlsPi1)
  expect(code).toBe(3)
  expect(stderr).toContain('failed: ENOSPC: no space left on device, write')
  expect(stderr).not.toContain('    at ')
  expect(nas.outside()).toEqual(before)
})

test('exports that exportfs refuses are never laid', async () => {
  const nas = await readyFarm()
  const before = nas.outside()
  const { ask } = nas
  nas.ask = async (argv, input) =>
    argv[0] === 'unshare' && input?.includes('HLSPi1 ')
      ? { code: 1, stdout: '', stderr: 'exportfs: /etc/exports.d/pifarm.exports:2: bad\n' }
      : await ask(argv, input)
  const { code, error } = await nas.pifarm(addHlsPi1)
  expect(error).toBe('exportfs refuses the exports: exportfs: /etc/exports.d/pifarm.exports:2: bad')
  expect(code).toBe(2)
  expect(nas.outside()).toEqual(before)
  expect(nas.snapshot()).toHaveProperty([inForce.dhcpd])
})

function fullDisk(): Error {
  return Object.assign(new Error('ENOSPC: no space left on device, write'), { errno: -28 })
}
