import { expect, test } from 'vitest'
import { Tally } from '../../../src/commands/find-serial/tally.ts'
import type { Serial } from '../../../src/farm/schema.ts'
import type { Finding } from '../../../src/netboot/find-serials.ts'

const finding = (number: number): Finding => ({
  serial: number.toString(16).padStart(8, '0') as Serial,
  ...{ mac: undefined, address: undefined, models: [], file: 'start.elf', daemon: 'tftpd-hpa' },
  ...{ time: undefined, certain: false, doubt: 'nothing tells' },
})

test('a serial that is told twice counts once', () => {
  const tally = new Tally(undefined, { only: undefined, all: false, count: 2 })
  expect([tally.takes(finding(1)), tally.takes(finding(1)), tally.isEnough]).toEqual([
    ...[true, true, false],
  ])
  tally.takes(finding(2))
  expect(tally.isEnough).toBe(true)
})

test('a flood of invented serials, more than a Set can hold, is printed and not kept', () => {
  const tally = new Tally(undefined, { only: undefined, all: false, count: undefined })
  const one = { ...finding(1) }
  let taken = 0
  for (let number = 1; number <= 2 ** 24 + 1; number += 1)
    if (tally.takes(Object.assign(one, { serial: number }))) taken += 1
  expect({ taken, isAnswered: tally.isAnswered, isEnough: tally.isEnough }).toEqual({
    ...{ taken: 2 ** 24 + 1, isAnswered: true, isEnough: false },
  })
})
