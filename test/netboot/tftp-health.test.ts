import { expect, test } from 'vitest'
import { tftpComplaint } from '../../src/netboot/tftp-health.ts'
import { fakeNas, file, output } from '../support/fake-nas.ts'

const netkit = { '/var/lib/dpkg/info/tftpd.list': file('/usr/sbin/in.tftpd\n') }

function socket(name: string): string {
  return `UNCONN 0 0 0.0.0.0:69 0.0.0.0:* users:(("${name}",pid=79,fd=4))\n`
}

function complaintOf(name: string | undefined, words: string, more = {}) {
  const cmdline = file(`/usr/sbin/${name} ${words}`.replaceAll(' ', '\0'))
  const nas = fakeNas(
    { '/proc/79/cmdline': cmdline, ...more },
    { ask: () => output(name === undefined ? '' : socket(name)) },
  )
  return tftpComplaint(nas)
}

test.each([
  ['in.tftpd', '--listen --secure /srv/tftp', 'silent'],
  ['in.tftpd', '--listen -v -s /srv/tftp', undefined],
  ['in.tftpd', '-lvvs /srv/tftp', undefined],
  ['in.tftpd', '--listen --verbosity 0 /srv/tftp', 'silent'],
  ['in.tftpd', '--listen --verbosity 3 /srv/tftp', undefined],
  ['atftpd', '--daemon /srv/tftp', undefined],
  ['atftpd', '--daemon --verbose=3 /srv/tftp', 'silent'],
  ['dnsmasq', '--enable-tftp', undefined],
  ['inetd', '', undefined],
  [undefined, '', 'absent'],
])('%s %s: %s', async (name, words, kind) => {
  expect((await complaintOf(name, words))?.kind).toBe(kind)
})

test('netkit behind inetd is named for what it is', async () => {
  expect((await complaintOf('inetd', '', netkit))?.kind).toBe('netkit')
})

test('who may not see whose socket it is does not complain', async () => {
  const nas = fakeNas({}, { ask: () => output('UNCONN 0 0 0.0.0.0:69 0.0.0.0:*\n') })
  expect(await tftpComplaint(nas)).toBeUndefined()
})
