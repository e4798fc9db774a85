import { expect, test } from 'vitest'
import { aptTimers } from '../../../src/root-template/steps/apt-timers.ts'
import { fakeTree, link } from '../../support/fake-tree.ts'
import { piRoot } from '../../support/pi-roots.ts'
import { leavesAlone, mends } from './law.ts'

test('both of apt are masked', async () => {
  const tree = piRoot('bookworm')
  const { changes } = await mends(aptTimers, tree)
  expect(changes).toEqual(['masked apt-daily.timer', 'masked apt-daily-upgrade.timer'])
  expect(await tree.read('/etc/systemd/system/apt-daily.timer')).toEqual(link('/dev/null'))
})

test('a timer that is not installed, or not wanted, is left alone', async () => {
  await leavesAlone(aptTimers, fakeTree({ '/lib/systemd/system/fstrim.timer': '[Timer]\n' }))
})
