import { expect, test } from 'vitest'
import type { Step } from '../../../src/root-template/step.ts'
import { journald } from '../../../src/root-template/steps/journald.ts'
import { swap } from '../../../src/root-template/steps/swap.ts'
import { time } from '../../../src/root-template/steps/time.ts'
import { watchdog } from '../../../src/root-template/steps/watchdog.ts'
import { piRoot } from '../../support/pi-roots.ts'
import { wishes } from './law.ts'

/** A drop-in that is read behind pifarm's own. */
test.each<[string, Step, string, string]>([
  ['journald', journald, '/etc/systemd/journald.conf.d', '[Journal]\nStorage=persistent\n'],
  ['swap', swap, '/etc/rpi/swap.conf.d', '[Main]\nMechanism=swapfile\n'],
  ['time', time, '/etc/systemd/timesyncd.conf.d', '[Time]\nFallbackNTP=192.0.2.1\n'],
  ['watchdog', watchdog, '/etc/systemd/system.conf.d', '[Manager]\nRuntimeWatchdogSec=off\n'],
])('%s that is outdone says by what, and claims no change', async (_, step, dir, text) => {
  const later = `${dir}/zzz-mine.conf`
  const tree = piRoot('trixie', { [later]: text })
  await step.mend(tree, wishes)
  const after = tree.snapshot()
  expect(await step.mend(tree, wishes)).toEqual([])
  expect(tree.snapshot()).toEqual(after)
  expect(await step.inspect(tree, wishes)).toEqual([expect.stringContaining(later)])
})
