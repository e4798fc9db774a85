import { expect, test } from 'vitest'
import type { Pi } from '../../../src/farm/farm.ts'
import { ipv4, mac, serial } from '../../../src/farm/schema.ts'
import type { BootReport } from '../../../src/netboot/boot-client/boot-report.ts'
import type { BootOffer } from '../../../src/netboot/boot-client/offer.ts'
import type { StopKind } from '../../../src/netboot/boot-client/stop.ts'
import { cmdlineCure, cureOf } from '../../../src/netboot/simulate/cures.ts'
import type { Enrolment } from '../../../src/netboot/simulate/enrolment.ts'
import { judgeBoot } from '../../../src/netboot/simulate/judge-boot.ts'

const report = {
  model: '3b',
  mac: mac.parse('b8:27:eb:33:34:7a'),
  serial: serial.parse('3333347a'),
  tftpServer: ipv4.parse('10.77.0.1'),
} as BootReport
const addPi = 'pifarm add-pi --mac b8:27:eb:33:34:7a --serial 3333347a'
const member = (number?: string): Enrolment => ({
  kind: 'member',
  pi: { name: 'HLSPi1', serial: number } as Pi,
})

function cure(kind: StopKind, enrolment: Enrolment, code?: string): string {
  return cureOf({ kind, what: '', ...(code && { code }) }, report, enrolment)
}

test.each(['dhcp-silence', 'dhcp-options', 'no-directory', 'no-cmdline'] as const)(
  'a board that is not in the farm is to be put into it: %s',
  (kind) => {
    expect(cure(kind, { kind: 'stranger' })).toContain(addPi)
    expect(cure(kind, { kind: 'unknown' })).toContain(`on the NAS: ${addPi}`)
    expect(cure(kind, member('3333347a'))).not.toContain('add-pi')
  },
)

test('a board that has the serial of a Pi of the farm is that Pi, with another MAC', () => {
  const namesake = { name: 'HLSPi1', mac: 'b8:27:eb:00:00:01' } as Pi
  expect(cure('dhcp-options', { kind: 'stranger', namesake })).toBe(
    'the farm has b8:27:eb:00:00:01 for that serial: pifarm set-pi HLSPi1 --mac b8:27:eb:33:34:7a',
  )
})

test('a Pi 4 is put into the farm as one', () => {
  const pi4 = { ...report, model: '4' } as const
  const stop = { kind: 'no-directory', what: '' } as const
  expect(cureOf(stop, pi4, { kind: 'stranger' })).toContain(`${addPi} --model 4`)
})

test.each([undefined, 'aaaaaaaa'])('the farm has another serial for that MAC: %s', (number) => {
  expect(cure('no-directory', member(number))).toContain('pifarm set-pi HLSPi1 --serial 3333347a')
})

test('a cmdline.txt changed by hand is shown by plan and written anew by apply', () => {
  expect(cmdlineCure(report, member('3333347a'))).toMatch(/pifarm plan .*pifarm apply/)
})

test('a silent TFTP server: its service and UDP port 69, not the files', () => {
  expect(cure('tftp-silence', member('3333347a'))).toMatch(/tftpd-hpa.*firewall.*UDP port 69/)
})

test.each([
  ['EPERM', /firewall of this machine/],
  ['EACCES', /as root/],
  ['ENETUNREACH', /no way leads .*ip route/],
])('what could not be sent: %s', (code, said) => {
  expect(cure('tftp-unsent', member('3333347a'), code)).toMatch(said)
  expect(cure('dhcp-unsent', member('3333347a'), code)).toMatch(said)
})

test('where another address is offered than the farm has, its server may be the stranger', () => {
  const server = ipv4.parse('10.77.0.150')
  const offer = { address: ipv4.parse('10.77.0.230'), server, invites: true } as BootOffer
  const pi = { name: 'HLSPi1', address: ipv4.parse('10.77.0.50') } as Pi
  const walked = { ...report, offer, servers: [] } as BootReport

  expect(judgeBoot(walked, { kind: 'member', pi })).toMatchObject([
    { stage: 'dhcp', cure: expect.stringMatching(/^is 10\.77\.0\.150 the farm's DHCP server\?/) },
  ])
})
