import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Lab } from './lab.ts'
import { oddFiles } from './lab-template.ts'
import { addPi, addPiArgs, first, second, startFarm } from './machines.ts'
import { differences, nasState } from './nas-state.ts'

let lab: Lab

beforeAll(async () => {
  lab = await startFarm()
  await addPi(lab, first)
})

afterAll(() => lab?.stop())

test('the same add-pi again says that there is nothing to do, and writes nothing', async () => {
  const before = await nasState(lab, { times: true })
  const again = await lab.pifarm(addPiArgs(first))
  expect(again).toMatchObject({ code: 0 })
  expect(again.stderr).toContain('nothing to do')
  expect(differences(before, await nasState(lab, { times: true }))).toEqual([])
  expect((await lab.pifarm(['plan', '--exit-code'])).code).toBe(0)
})

test('a hand-written comment between two runs is kept, and is no reason to do anything', async () => {
  for (const path of ['/etc/dhcp/dhcpd.conf', '/etc/exports', '/etc/iptables/rules.v4'])
    await lab.write(path, `# späterer Einfall\n${await lab.read(path)}`)
  const before = await nasState(lab, { times: true })
  expect((await lab.pifarm(addPiArgs(first))).stderr).toContain('nothing to do')
  expect(differences(before, await nasState(lab, { times: true }))).toEqual([])
})

test('remove-pi --purge takes back what add-pi did, to the byte', async () => {
  const before = await nasState(lab)
  await addPi(lab, second)
  const between = differences(before, await nasState(lab))
  for (const path of ['/etc/dhcp/pifarm.conf', '/etc/iptables/rules.v4', '/var/lib/nfs/etab'])
    expect(between.some((line) => line.startsWith(path))).toBe(true)
  const removed = await lab.pifarm(['remove-pi', second.name, '--purge', '--yes'])
  expect(removed).toMatchObject({ code: 0 })
  expect(differences(before, await nasState(lab))).toEqual([])
})

test('undo takes back an add-pi, and the one before when asked again', async () => {
  const before = await nasState(lab)
  await addPi(lab, second)
  const after = await nasState(lab)
  expect(await lab.pifarm(['undo', '--yes'])).toMatchObject({ code: 0 })
  const left = differences(before, await nasState(lab))
  expect(left.filter((line) => !line.startsWith('/mnt/PiRoots/.HLSPi2.removed-'))).toEqual([])
  expect(differences(before, after)).not.toEqual([])
})

test('undo without --yes and without a terminal changes nothing', async () => {
  const before = await nasState(lab)
  expect((await lab.pifarm(['undo'])).code).toBe(2)
  expect(differences(before, await nasState(lab))).toEqual([])
})

test('a removed root is kept aside, and the same Pi comes back with a fresh one', async () => {
  await addPi(lab, second)
  const key = await lab.read('/mnt/PiRoots/HLSPi2/etc/ssh/ssh_host_ed25519_key.pub')
  expect(await lab.pifarm(['remove-pi', second.name, '--yes'])).toMatchObject({ code: 0 })
  const roots = await lab.must(['ls', '-A', '/mnt/PiRoots'])
  expect(roots).toMatch(/^\.HLSPi2\.removed-/m)
  expect(roots).not.toMatch(/^HLSPi2$/m)
  await addPi(lab, second)
  // Its identity was kept: nobody's known_hosts complains.
  expect(await lab.read('/mnt/PiRoots/HLSPi2/etc/ssh/ssh_host_ed25519_key.pub')).toBe(key)
})

test('a root is a faithful copy of the template with an identity of its own', async () => {
  const root = '/mnt/PiRoots/HLSPi1'
  const inode = async (path: string) => lab.must(['stat', '-c', '%i %h', `${root}/${path}`])
  expect(await inode(oddFiles.hardLink[0])).toBe(await inode(oddFiles.hardLink[1]))
  expect(await lab.must(['getcap', `${root}/${oddFiles.capability}`])).toContain('cap_net_raw=ep')
  expect(await lab.must(['getfacl', '-p', `${root}/${oddFiles.acl}`])).toContain(
    'default:group:adm:r-x',
  )
  expect(
    await lab.must([
      'getfattr',
      '-n',
      'trusted.pifarm',
      '--only-values',
      `${root}/${oddFiles.xattr}`,
    ]),
  ).toBe('kept')
  const [size, blocks] = (await lab.must(['stat', '-c', '%s %b', `${root}/${oddFiles.sparse}`]))
    .trim()
    .split(' ')
  expect([Number(size), Number(blocks)]).toEqual([oddFiles.sparseSize, 0])
  expect(await lab.read(`${root}/etc/hostname`)).toBe('HLSPi1\n')
  expect(await lab.read(`${root}/etc/fstab`)).not.toContain('PARTUUID')
  const template = '/mnt/PiRoots/template/etc'
  for (const file of ['machine-id', 'ssh/ssh_host_ed25519_key.pub'])
    expect(await lab.read(`${root}/etc/${file}`)).not.toBe(await lab.read(`${template}/${file}`))
})
