import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Lab, type Output, pifarmArgv } from './lab.ts'
import { addPi, addPiArgs, first, second, startFarm } from './machines.ts'
import { differences, nasState } from './nas-state.ts'

let lab: Lab
let before: ReadonlyMap<string, string>

beforeAll(async () => {
  lab = await startFarm()
  await addPi(lab, first)
  before = await nasState(lab, { times: true })
})

afterAll(() => lab?.stop())

/** One clear line that says what is wrong, a hint, exit 2, and not one file written. */
async function expectRefused(refused: Output, said: RegExp): Promise<void> {
  expect(refused.stderr).toMatch(said)
  expect(refused.code).toBe(2)
  expect(refused.stdout).toBe('')
  expect(refused.stderr).not.toMatch(/^\s+at /m)
  expect(differences(before, await nasState(lab, { times: true }))).toEqual([])
}

/** Whether there is a second line, which says what to do. */
const withHint = (line: string) => new RegExp(`^pifarm: .*${line}.*\\n {2}\\S`, 'm')
const newPi = ['add-pi', '--mac', second.mac, '--name', second.name, '--serial', second.serial]
const other = (...args: readonly string[]) => ['add-pi', ...args, '--no-wait']

describe('add-pi refuses', () => {
  test.each<[string, readonly string[], RegExp]>([
    [
      'a malformed MAC',
      other('--mac', 'b8:27:eb:33:34'),
      /bad --mac "b8:27:eb:33:34"\n {2}a MAC address is six pairs/,
    ],
    [
      'a multicast MAC',
      other('--mac', '01:00:5e:00:00:01'),
      /bad --mac "01:00:5e:00:00:01"\n {2}a multicast/,
    ],
    ['a name that is no host name', other('--mac', second.mac, '--name', 'HLS_Pi'), /HLS_Pi/],
    ['a name in use', other('--mac', second.mac, '--name', 'hlspi1'), /farm\.yaml:\d+/],
    ['a MAC in use', other('--mac', first.mac, '--name', 'HLSPi7'), /farm\.yaml:\d+/],
    ['a serial in use', other('--mac', second.mac, '--serial', first.serial), /farm\.yaml:\d+/],
    ['an address in use', [...newPi, '--ip', '10.77.0.50'], /farm\.yaml:\d+/],
    ['a muxid in use', [...newPi, '--muxid', '1'], /farm\.yaml:\d+/],
    ['a name in dhcpd.conf', other('--mac', second.mac, '--name', 'printer'), /dhcpd\.conf:\d+/],
    ['a MAC in dhcpd.conf', other('--mac', '00:80:77:12:34:56'), /dhcpd\.conf:\d+/],
    ['an address in dhcpd.conf', [...newPi, '--ip', '10.77.0.9'], /dhcpd\.conf:\d+/],
    ['an address of a range', [...newPi, '--ip', '10.77.0.210'], /dhcpd\.conf:\d+/],
    ['an address outside the subnet', [...newPi, '--ip', '10.78.0.51'], /10\.77\.0\.0\/24/],
    ["the NAS's own address", [...newPi, '--ip', '10.77.0.1'], /10\.77\.0\.1/],
    ['an unknown template', [...newPi, '--template', 'buster'], withHint('buster')],
    ['a template outside the roots', [...newPi, '--template', '../template'], /\.\.\/template/],
    ['a name with a path', other('--mac', second.mac, '--name', '../../etc'), /etc/],
    ['a name with a newline', other('--mac', second.mac, '--name', 'a\n}'), /\\n/],
    ['a serial with a path', other('--mac', second.mac, '--serial', '../../../e'), /serial/],
    ['options with a brace', [...newPi, '--root-options', 'vers=3;}'], /root.options/],
    ['kernel words with a newline', [...newPi, '--cmdline-extra', 'a\nb'], /cmdline.extra/],
    ['a licence key with a newline', [...newPi, '--decode-mpg2', '0x1\n'], /decode.mpg2/],
  ])('%s', async (_, args, said) => {
    await expectRefused(await lab.pifarm([...args, '--yes']), said)
  })

  test('a pair of MAC and serial that does not agree, where nobody can be asked', async () => {
    const args = other('--mac', second.mac, '--serial', 'ab000000')
    await expectRefused(await lab.pifarm(args), /MAC and serial end in the same six digits/)
  })
})

test('whoever is not root', async () => {
  // May read all, so that the way to node and to pifarm is open.
  const caps = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search']
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', ...caps, '--']
  const refused = await lab.nas([...nobody, ...pifarmArgv(addPiArgs(second))])
  await expectRefused(refused, withHint('root'))
})

test.each([
  ['a key that is none', 'interface: eth0', 'interfaces: eth0', /farm\.yaml:6:3/],
  ['a value that is none', '10.77.0.0/24', '10.77.0.300/24', /farm\.yaml:9:11/],
  ['what is no YAML', 'nas:\n', 'nas: [\n', /farm\.yaml:\d+:\d+/],
])('a farm.yaml with %s: line and column', async (_, right, wrong, said) => {
  const farm = await lab.read('/etc/pifarm/farm.yaml')
  const unchanged = before
  try {
    await lab.write('/etc/pifarm/farm.yaml', farm.replace(right, wrong))
    before = await nasState(lab, { times: true })
    await expectRefused(await lab.pifarm(['apply', '--yes']), said)
  } finally {
    await lab.write('/etc/pifarm/farm.yaml', farm)
    before = unchanged
  }
})
