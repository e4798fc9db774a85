import { expect, test } from 'vitest'
import type { Entry } from '../../../src/host/host.ts'
import type { BootReport } from '../../../src/netboot/boot-client/boot-report.ts'
import { checkSystem } from '../../../src/netboot/simulate/check-root.ts'
import { bytes } from '../../support/pi-roots.ts'

const report = {} as BootReport

/** The first bytes of a program, as its linker wrote them. */
function elf(machine: number): Entry {
  const header = Buffer.alloc(64)
  header.write('\x7fELF\x02\x01\x01', 'latin1')
  header.writeUInt16LE(machine, 18)
  return { ...bytes(header), mode: 0o755 } as Entry
}

async function judged(init: Entry) {
  const look = async (path: string) =>
    path === '/sbin' ? ({ kind: 'dir', mode: 0o755 } as const) : init
  return await checkSystem(look, '/roots/HLSPi1', report)
}

test.each([
  ['aarch64', elf(183)],
  ['32-bit ARM', elf(40)],
  ['a script', { ...bytes(Buffer.from('#!/bin/sh\n')), mode: 0o755 } as Entry],
])('an init that a Pi can run: %s', async (_, init) => {
  const { faults, checked } = await judged(init)
  expect(faults).toEqual([])
  expect(checked).toEqual(['/roots/HLSPi1 has an init'])
})

test.each([
  [62, 'amd64'],
  [3, 'i386'],
  [243, 'ELF machine 243'],
])('a Pi stops at an init of another machine: %d', async (machine, name) => {
  const { faults, checked } = await judged(elf(machine))
  expect(faults).toEqual([
    {
      stage: 'root',
      what: `/sbin/init in /roots/HLSPi1 is a program for ${name}, which no Raspberry Pi runs: the kernel panics`,
      cure: expect.stringContaining('arm64'),
    },
  ])
  expect(checked).toEqual([])
})
