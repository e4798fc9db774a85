import { expect, test } from 'vitest'
import { bootSecrets } from '../../../src/root-template/steps/boot-secrets.ts'
import { piRoot } from '../../support/pi-roots.ts'
import { leavesAlone, mends, touchedBy } from './law.ts'

test.each([
  'userconf',
  'userconf.txt',
  'custom.toml',
  'firstrun.sh',
  'wpa_supplicant.conf',
  'user-data',
])('%s is not served to everybody', async (name) => {
  const more = { [`/boot/firmware/${name}`]: 'pi:$6$salt$hash\n' }
  await mends(bootSecrets, piRoot('bookworm', more))
  expect(await touchedBy(bootSecrets, piRoot('bookworm', more))).toEqual([`/boot/firmware/${name}`])
})

test('what a boot needs is left alone', async () => {
  await leavesAlone(bootSecrets, piRoot('buster'))
  await leavesAlone(bootSecrets, piRoot('bookworm'))
})
