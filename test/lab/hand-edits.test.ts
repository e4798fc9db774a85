import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Lab, Output } from './lab.ts'
import { addPi, addPiArgs, first, second, startFarm } from './machines.ts'
import { differences, nasState } from './nas-state.ts'

const killed = fileURLToPath(new URL('killed-pifarm.js', import.meta.url))
const [etcExports, dhcpdConf, etab] = ['/etc/exports', '/etc/dhcp/dhcpd.conf', '/var/lib/nfs/etab']

let lab: Lab
const original = new Map<string, string>()

beforeAll(async () => {
  lab = await startFarm()
  for (const file of [etcExports, dhcpdConf]) original.set(file, await lab.read(file))
  await addPi(lab, first)
})

afterAll(() => lab?.stop())

afterEach(async () => {
  for (const [file, text] of original) await lab.write(file, text)
  await lab.must(['exportfs', '-ra'])
  await lab.must([lab.service('isc-dhcp-server'), 'restart'])
})

async function append(file: string, line: string): Promise<void> {
  await lab.write(file, `${line}\n${await lab.read(file)}`)
}

const said = ({ stdout, stderr }: Output) =>
  /exports that are not in force yet .*/.exec(stdout + stderr)?.[0]

describe('exports that a person wrote and exportfs has not read yet', () => {
  test('are said by plan, and by the run that puts them in force, also by its undo', async () => {
    await append(etcExports, '/srv/music 10.77.0.7(rw,no_subtree_check)')
    await lab.must(['mkdir', '-p', '/srv/music'])
    const line =
      'exports that are not in force yet come into force with this run: ' +
      '/etc/exports:1 "/srv/music" to "10.77.0.7" (rw,sync)'

    expect(said(await lab.pifarm([...addPiArgs(second), '--plan']))).toBe(line)
    expect(said(await addPi(lab, second))).toBe(line)
    expect(await lab.read(etab)).toMatch(/^\/srv\/music\t10\.77\.0\.7\(rw,/m)

    await append(etcExports, '/srv/books 10.77.0.0/24(ro,no_subtree_check)')
    await lab.must(['mkdir', '-p', '/srv/books'])
    expect(said(await lab.pifarm(['undo', '--yes']))).toBe(
      line.replace('/srv/music" to "10.77.0.7" (rw', '/srv/books" to "10.77.0.0/24" (ro'),
    )
    expect(await lab.read(etab)).toMatch(/^\/srv\/books\t/m)
  })

  test('are said when only an option is another', async () => {
    await lab.write(etcExports, (await lab.read(etcExports)).replace('(ro,', '(rw,'))
    expect(said(await lab.pifarm([...addPiArgs(second), '--plan']))).toMatch(
      /: \/etc\/exports:2 "\/srv\/films" to "10\.77\.0\.8" \(rw,sync\)$/,
    )
  })

  test('are not said where all is in force, nor by a run that exports nothing', async () => {
    expect(said(await lab.pifarm([...addPiArgs(second), '--plan']))).toBeUndefined()
    await append(etcExports, '/srv/films 10.77.0.7(ro,no_subtree_check)')
    expect(
      said(await lab.pifarm(['set-pi', first.name, '--gpu-mem', '128', '--plan'])),
    ).toBeUndefined()
  })
})

test('a dhcpd.conf that was edited since dhcpd started is said before it comes into force', async () => {
  const args = [...addPiArgs(second), '--plan']
  const line = 'dhcpd.conf was edited since dhcpd started: all of it comes into force with this run'
  expect((await lab.pifarm(args)).stdout).not.toContain('was edited since')
  await append(dhcpdConf, '# a note')
  expect((await lab.pifarm(args)).stdout).toContain(line)
})

describe('undo changes nothing and lets every daemon run on', () => {
  const taken = `host tv { hardware ethernet 00:11:22:33:44:55; fixed-address 10.77.0.51; }`

  test.each<[string, string, string, RegExp]>([
    [
      'dhcpd.conf is broken',
      dhcpdConf,
      'foo bar;',
      /^pifarm: \/etc\/dhcp\/dhcpd\.conf was already broken before pifarm: \S+ line/m,
    ],
    [
      'exports are broken',
      etcExports,
      '/srv/new 10.77.0.7(bogus)',
      /the exports were already broken before pifarm: .*bogus/,
    ],
    [
      'the address that it gives back is another machine’s',
      dhcpdConf,
      taken,
      /"10\.77\.0\.51" is already used by the host block at \/etc\/dhcp\/dhcpd\.conf:1/,
    ],
  ])('where %s', async (_, file, line, message) => {
    await addPi(lab, second)
    expect((await lab.pifarm(['remove-pi', second.name, '--yes'])).code).toBe(0)
    await append(file, line)
    const before = await nasState(lab, { times: true })
    const pid = await lab.read('/run/dhcpd.pid')

    const { code, stderr } = await lab.pifarm(['undo', '--yes'])

    expect(stderr).toMatch(message)
    expect(code).toBe(2)
    expect(differences(before, await nasState(lab, { times: true }))).toEqual([])
    expect(await lab.read('/run/dhcpd.pid')).toBe(pid)
    await lab.must(['kill', '-0', pid.trim()])
  })
})

describe('a run that only restarts the NFS server, for a person unpinned its ports', () => {
  const [ports, plan] = ['/etc/nfs.conf.d/pifarm.conf', ['plan']]

  beforeEach(async () => {
    const pinned = await lab.read(ports)
    await lab.write(ports, pinned.replace('33049', '20048'))
    return async () => lab.write(ports, pinned)
  })

  test('says which exports come into force by it', async () => {
    await append(etcExports, '/srv/music 10.77.0.7(rw,no_subtree_check)')
    await lab.must(['mkdir', '-p', '/srv/music'])
    expect(said(await lab.pifarm(plan))).toContain('/etc/exports:1 "/srv/music"')
    expect((await lab.pifarm(['apply', '--yes'])).code).toBe(0)
    expect(await lab.read(etab)).toMatch(/^\/srv\/music\t/m)
  })

  test.each([
    ['an export made by hand would be lost', 'exported to "10.77.0.7" by hand'],
    ['the exports are broken', 'the exports were already broken before pifarm'],
  ])('is refused where %s', async (why, message) => {
    if (why.includes('hand')) await lab.must(['exportfs', '-o', 'ro', '10.77.0.7:/srv/films'])
    else await append(etcExports, '/srv/films 10.77.0.7(bogus)')
    const table = await lab.read(etab)
    const { code, stderr } = await lab.pifarm(['apply', '--yes'])
    expect(stderr).toContain(message)
    expect(code).toBe(2)
    expect(await lab.read(etab)).toBe(table)
  })
})

test('a root that a person exports too is not taken from under that line', async () => {
  await append(etcExports, `/mnt/PiRoots/${first.name} 10.77.0.7(ro,no_subtree_check)`)
  const before = await nasState(lab, { times: true })

  const { code, stderr } = await lab.pifarm(['remove-pi', first.name, '--yes'])

  expect(stderr).toMatch(
    /"\/mnt\/PiRoots\/HLSPi1" goes, and \/etc\/exports:1 exports it to "10\.77\.0\.7"/,
  )
  expect(code).toBe(2)
  expect(differences(before, await nasState(lab, { times: true }))).toEqual([])
})

describe('what a killed run left is put back, and daemons go on until a broken file is mended', () => {
  const place = (file: string) => new RegExp(`${file.replaceAll('.', '\\.')}(?: line |:)1:? `)

  test.each([
    ['dhcpd.conf', dhcpdConf, 'foo bar;', 'isc-dhcp-server restart'],
    ['exports', etcExports, '/srv/new 10.77.0.7(bogus)', 'exportfs -ra'],
  ])('%s', async (_, file, line, held) => {
    const before = await nasState(lab)
    const table = await lab.read(etab)
    const { code: ended } = await lab.nas([process.execPath, killed, 'run', ...addPiArgs(second)])
    expect(ended).not.toBe(0)
    expect(differences(before, await nasState(lab))).not.toEqual([])
    const whole = await lab.read(file)
    await append(file, line)

    for (const _ of ['at once', 'again']) {
      const { code, stderr } = await lab.pifarm(['apply', '--yes'])
      expect(stderr).toMatch(place(file))
      expect(stderr).toContain(held)
      expect(stderr).toContain('mend that')
      expect(code).toBe(4)
      await lab.must(['sh', '-c', 'kill -0 $(cat /run/dhcpd.pid)'])
      expect(await lab.read(etab)).toBe(table)
    }

    await lab.write(file, whole)
    expect(await lab.pifarm(['apply', '--yes'])).toMatchObject({ code: 0 })
    expect((await lab.boot(first)).stopped).toBeUndefined()
    expect(await lab.read(etab)).toBe(table)
    expect(differences(before, await nasState(lab))).toEqual([])
  })
})
