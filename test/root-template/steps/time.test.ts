import { expect, test } from 'vitest'
import { time } from '../../../src/root-template/steps/time.ts'
import { piRoot } from '../../support/pi-roots.ts'
import { leavesAlone, mends } from './law.ts'

const unit = '/lib/systemd/system/systemd-timesyncd.service'
const wanted = '/etc/systemd/system/sysinit.target.wants/systemd-timesyncd.service'
const main = '/etc/systemd/timesyncd.conf'

test('the NAS is the last of the time servers, and the clock starts at the build', async () => {
  const tree = piRoot('bookworm')
  await mends(time, tree)
  expect(tree.textAt('/etc/systemd/timesyncd.conf.d/zz-pifarm.conf')).toMatch(
    /^\[Time\]\nFallbackNTP=0\.debian\.pool\.ntp\.org .* 10\.77\.0\.1\n$/,
  )
  expect(tree.textAt('/var/lib/systemd/timesync/clock')).toBe('')
})

test('without the package it is installed and enabled', async () => {
  const tree = piRoot('bullseye')
  await tree.put(unit, undefined)
  await tree.put(wanted, undefined)
  const { changes } = await mends(time, tree)
  expect(changes).toContain('installed systemd-timesyncd')
  expect(changes).toContain('enabled systemd-timesyncd.service')
  expect(await tree.read(wanted)).toEqual({ kind: 'link', target: unit })
})

test('a person who named the NAS already is right', async () => {
  const tree = piRoot('trixie', {
    [main]: '[Time]\nNTP=10.77.0.1 time.lan\n',
    '/var/lib/systemd/timesync/clock': '',
  })
  await leavesAlone(time, tree)
})

test('another time daemon is as good', async () => {
  const tree = piRoot('buster', {
    '/etc/systemd/system/multi-user.target.wants/chrony.service': '[Unit]\n',
  })
  await leavesAlone(time, tree)
})
