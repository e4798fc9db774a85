import { expect, test } from 'vitest'
import { journald } from '../../../src/root-template/steps/journald.ts'
import { piRoot } from '../../support/pi-roots.ts'
import { leavesAlone, mends, touchedBy } from './law.ts'

const dropIn = '/etc/systemd/journald.conf.d/zz-pifarm.conf'
const shipped = '/usr/lib/systemd/journald.conf.d/40-rpi-volatile-storage.conf'

test('buster: a drop-in is written, journald.conf stays', async () => {
  await mends(journald, piRoot('buster'))
  expect((await touchedBy(journald, piRoot('buster'))).at(-1)).toBe(dropIn)
})

test.each(['bookworm', 'trixie'] as const)('%s ships it', async (release) => {
  await leavesAlone(journald, piRoot(release))
})

test.each([
  [
    'a later drop-in',
    { '/etc/systemd/journald.conf.d/99-me.conf': '[Journal]\nStorage=persistent\n' },
  ],
  ['a namesake in /etc', { '/etc/systemd/journald.conf.d/40-rpi-volatile-storage.conf': '' }],
  ['the wrong section', { [shipped]: '[Manager]\nStorage=volatile\n' }],
  ['a comment', { [shipped]: '[Journal]\n#Storage=volatile\n' }],
])('%s undoes it', async (_, more) => {
  await mends(journald, piRoot('bookworm', more))
})
