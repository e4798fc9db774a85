import { expect, test } from 'vitest'
import { watchdog } from '../../../src/root-template/steps/watchdog.ts'
import { piRoot } from '../../support/pi-roots.ts'
import { leavesAlone, mends } from './law.ts'

const main = '/etc/systemd/system.conf'

test('armed by a drop-in', async () => {
  const tree = piRoot('bullseye')
  await mends(watchdog, tree)
  expect(tree.textAt('/etc/systemd/system.conf.d/zz-pifarm.conf')).toContain(
    'RuntimeWatchdogSec=15',
  )
})

test.each(['0', '0s', 'off', ''])('RuntimeWatchdogSec=%s is off', async (value) => {
  await mends(watchdog, piRoot('buster', { [main]: `[Manager]\nRuntimeWatchdogSec=${value}\n` }))
})

test.each(['bookworm', 'trixie'] as const)('%s ships it armed', async (release) => {
  await leavesAlone(watchdog, piRoot(release))
})

test('what a person set is left alone', async () => {
  await leavesAlone(watchdog, piRoot('buster', { [main]: '[Manager]\nRuntimeWatchdogSec = 10s\n' }))
})
