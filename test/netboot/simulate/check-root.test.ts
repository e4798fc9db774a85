import { expect, test } from 'vitest'
import type { Entry } from '../../../src/host/host.ts'
import type { BootReport } from '../../../src/netboot/boot-client/boot-report.ts'
import { checkSystem } from '../../../src/netboot/simulate/check-root.ts'
import { bytes, elf, kernelOf } from '../../support/pi-roots.ts'

const report = { loaded: new Map() } as never as BootReport

async function judged(init: Entry, walked = report) {
  const look = async (path: string) =>
    path === '/sbin' ? ({ kind: 'dir', mode: 0o755 } as const) : init
  return await checkSystem(look, '/roots/HLSPi1', walked)
}

function servedKernel(kernel: string, entry: Entry): BootReport {
  const text = entry.kind === 'file' ? entry.text : ''
  return { kernel, loaded: new Map([[kernel, Buffer.from(text, 'latin1')]]) } as never
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

test('a Pi stops at an init for arm64 where a kernel of 32 bits came', async () => {
  const { faults } = await judged(elf(183), servedKernel('kernel7.img', kernelOf(32, '6.1.21-v7+')))
  expect(faults).toEqual([
    {
      stage: 'root',
      what: '/sbin/init in /roots/HLSPi1 is a program for arm64, which kernel7.img, of 32 bits, does not run: the kernel panics',
      cure: expect.stringContaining('arm_64bit=1'),
    },
  ])
})

test.each([
  ['of 64 bits runs arm64', 183, kernelOf(64, '6.1.21-v8+')],
  ['of 64 bits runs armhf', 40, kernelOf(64, '6.1.21-v8+')],
  ['of 32 bits runs armhf', 40, kernelOf(32, '6.1.21-v7+')],
  ['that nobody can read may run it', 183, bytes(Buffer.alloc(100))],
])('a kernel %s', async (_, machine, kernel) => {
  expect((await judged(elf(machine), servedKernel('kernel7.img', kernel))).faults).toEqual([])
})
