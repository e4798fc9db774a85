import { expect, test } from 'vitest'
import { addHlsPi1, readyFarm, syslog } from '../support/farm-nas.ts'

const rrq = (address: string, file: string) =>
  `Nov 22 20:00:02 nas in.tftpd[7]: RRQ from ${address} filename ${file}`
const offer = (address: string, mac: string) =>
  `Nov 22 20:00:01 nas dhcpd[8]: DHCPOFFER on ${address} to ${mac} via eth0`

const log = [
  offer('10.77.0.101', 'b8:27:eb:00:00:02'),
  rrq('10.77.0.101', 'bootcode.bin'),
  rrq('10.77.0.101', 'aa000002/start.elf'),
  rrq('10.77.0.101', 'aa000002/start.elf'),
  rrq('10.77.0.50', '3333347a/start.elf'),
  rrq('10.77.0.103', '../../etc/passwd'),
  rrq('10.77.0.104', 'dddddddd/start.elf'),
  '',
].join('\n')

async function farm() {
  return await readyFarm([addHlsPi1], { files: { [syslog]: log } })
}

test('prints each new serial once, with its MAC and the command to add it', async () => {
  const nas = await farm()
  const { code, stdout, stderr } = await nas.pifarm('find-serial --count 2')
  expect(code).toBe(0)
  expect(stdout).toBe(
    'aa000002  b8:27:eb:00:00:02  10.77.0.101\n' +
      '  pifarm add-pi --mac b8:27:eb:00:00:02 --serial aa000002\n' +
      'dddddddd  MAC unknown  10.77.0.104',
  )
  expect(stderr).toBe(`following ${syslog}; end with Ctrl-C`)
})

test('--all prints those of the farm too, --json one object a line', async () => {
  const nas = await farm()
  const { stdout } = await nas.pifarm('find-serial --all --json --count 3')
  expect(stdout.split('\n').map((line) => JSON.parse(line).serial)).toEqual([
    'aa000002',
    '3333347a',
    'dddddddd',
  ])
})

test('--mac waits for that board alone', async () => {
  const nas = await farm()
  nas.laterInLog.push(
    offer('10.77.0.105', 'b8:27:eb:00:00:05'),
    rrq('10.77.0.105', 'bb000005/start.elf'),
  )
  const { stdout } = await nas.pifarm('find-serial --mac b8:27:eb:00:00:05 --count 1')
  expect(stdout).toContain('bb000005  b8:27:eb:00:00:05')
  expect(stdout).not.toContain('aa000002')
})

test('--timeout ends it: 0 where one was found, 3 and a hint where none was', async () => {
  expect((await (await farm()).pifarm('find-serial --timeout 0.05')).code).toBe(0)
  const { code, error, hint } = await (await readyFarm()).pifarm('find-serial --timeout 0.05')
  expect({ code, error }).toEqual({ code: 3, error: 'no Pi asked for its files' })
  expect(hint).toContain('--verbose --verbose')
})

test('--log names another file', async () => {
  const nas = await readyFarm([], { files: { '/var/log/tftp.log': log } })
  expect((await nas.pifarm('find-serial --log /var/log/tftp.log --count 1')).stdout).toMatch(/^aa0/)
  const { code, error } = await nas.pifarm('find-serial --log /var/log/none')
  expect({ code, error }).toEqual({ code: 2, error: 'there is no log file "/var/log/none"' })
})

test('changes nothing and needs no root', async () => {
  const nas = await farm()
  const mutations = nas.mutations
  expect((await nas.pifarm('find-serial --count 1', { isRoot: false })).code).toBe(0)
  expect(nas.mutations).toBe(mutations)
})
