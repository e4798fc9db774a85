import { expect, test } from 'vitest'
import type { FileEntry } from '../../src/host/host.ts'
import { openFat } from '../../src/sd-card/fat.ts'
import { dir, fakeNas, file, output } from '../support/fake-nas.ts'

/** A card that says of each write that it was done, and forgets it. */
function brokenCard(names: readonly string[]) {
  const nas = fakeNas(
    { '/tmp/work': dir(), '/var/tmp': dir() },
    {
      ask: ([program]) => (program === 'partx' ? output('', 1) : output()),
      run: (argv) => {
        if (argv[2] === 'mdir') return output(names.map((name) => `::/${name}\n`).join(''))
        if (argv[2] === 'mcopy' && argv.at(-2) === '::config.txt')
          nas.poke(argv.at(-1) ?? '', file('a=1\n', 0o755))
        return output()
      },
    },
  )
  return nas
}

const kept = '/var/tmp/config.txt.before'

test.each([
  ['is kept, and that is said', ['config.txt', 'start.elf'], true],
  ['that was not there is not said to be kept', ['start.elf'], false],
])('a card that does not hold what was written: the old file %s', async (_what, names, isThere) => {
  const nas = brokenCard(names)
  const card = await openFat(nas, '/dev/sdb', '/tmp/work')
  await expect(card.write('config.txt', file('b=2\n', 0o755) as FileEntry)).rejects.toMatchObject({
    message: '/dev/sdb does not hold what was written to it',
    hint: isThere ? expect.stringContaining(kept) : expect.not.stringContaining('kept'),
    exitCode: 4,
  })
  expect((await nas.read(kept)) !== undefined).toBe(isThere)
})

test('a config.txt too large to be kept in memory is not taken for none, and replaced', async () => {
  const nas = fakeNas(
    { '/tmp/work': dir() },
    {
      ask: ([program]) => (program === 'partx' ? output('', 1) : output()),
      run: (argv) => {
        if (argv[2] === 'mdir') return output('::/config.txt\n')
        if (argv[2] === 'mcopy') nas.poke(argv.at(-1) ?? '', dir())
        return output()
      },
    },
  )
  const card = await openFat(nas, '/dev/sdb', '/tmp/work')

  await expect(card.read('config.txt')).rejects.toThrow('larger than any that the firmware reads')
})
