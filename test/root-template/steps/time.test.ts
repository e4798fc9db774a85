import { expect, test } from 'vitest'
import { time } from '../../../src/root-template/steps/time.ts'
import type { Tree } from '../../../src/root-template/tree.ts'
import type { HowFar } from '../../../src/ui/ui.ts'
import { output } from '../../support/fake-nas.ts'
import { piRoot } from '../../support/pi-roots.ts'
import { leavesAlone, mends, wishes } from './law.ts'

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

test('its installation tells how far it is', async () => {
  const tree = piRoot('bullseye')
  await tree.put(unit, undefined)
  await tree.put(wanted, undefined)
  const told: HowFar[] = []
  const run: Tree['run'] = async (_, status) => {
    status?.('pmstatus:systemd-timesyncd:50.0000:Unpacking systemd-timesyncd (arm64)')
    return output()
  }
  await time.mend({ ...tree, run }, wishes, (how) => void told.push(how))
  expect(told.at(-1)).toEqual({ done: 50, total: 100, of: 'percent', part: 'installing' })
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
