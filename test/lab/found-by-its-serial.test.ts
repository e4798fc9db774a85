import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Lab } from './lab.ts'
import { first, second, startFarm } from './machines.ts'

let lab: Lab

beforeAll(async () => {
  lab = await startFarm()
})

afterAll(() => lab?.stop())

test('add-pi without a serial lays the rest, waits, and completes when the Pi asks', async () => {
  const run = lab.start(['add-pi', '--mac', first.mac, '--name', first.name, '--timeout', '25'])
  await run.said(`power ${first.name} on`)
  expect(await lab.must(['ls', '/srv/tftp'])).not.toContain(first.serial)
  const toNothing = await lab.boot(first)
  expect(toNothing.stopped?.what).toContain('start.elf did not come')
  expect(Object.keys(toNothing.files)).toEqual(['bootcode.bin'])
  const ended = await run.ended
  expect(ended).toMatchObject({ code: 0 })
  expect(ended.stderr).toContain(`its serial is ${first.serial}`)
  const boot = await lab.boot(first)
  expect(boot.stopped).toBeUndefined()
  expect(boot.serialDir).toBe(first.serial)
  expect(boot.cmdline?.text).toContain(`/mnt/PiRoots/${first.name},`)
})

test('--no-wait leaves the Pi pending; the same command goes on from what the log knows', async () => {
  const command = ['add-pi', '--mac', second.mac, '--name', second.name]
  expect(await lab.pifarm([...command, '--no-wait'])).toMatchObject({ code: 0 })
  const pending = JSON.parse((await lab.pifarm(['list', '--json'])).stdout)
  expect(JSON.stringify(pending)).not.toContain(second.serial)
  await lab.boot(second)
  const later = await lab.pifarm([...command, '--timeout', '10'])
  expect(later).toMatchObject({ code: 0 })
  expect((await lab.boot(second)).stopped).toBeUndefined()
})

test('find-serial prints the serials that ask for start.elf, and ends when it has enough', async () => {
  const found = await lab.pifarm([
    ...['find-serial', '--all', '--count', '2', '--timeout', '10', '--json'],
  ])
  expect(found).toMatchObject({ code: 0 })
  const serials = found.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).serial)
  expect(serials).toEqual([first.serial, second.serial])
})

test('a wait that ends without the Pi leaves it pending, exit 3', async () => {
  const ended = await lab.pifarm([
    ...['add-pi', '--mac', 'b8:27:eb:77:88:99', '--name', 'HLSPi3', '--timeout', '1'],
  ])
  expect(ended.code).toBe(3)
  expect(ended.stderr).toContain('HLSPi3 has not asked for its files')
  expect(await lab.read('/etc/pifarm/farm.yaml')).toContain('HLSPi3')
})

test('Ctrl-C while waiting leaves the Pi pending, exit 130', async () => {
  const run = lab.start(['add-pi', '--mac', 'b8:27:eb:44:55:66', '--name', 'HLSPi4'])
  await run.said('power HLSPi4 on')
  await run.interrupt()
  expect((await run.ended).code).toBe(130)
  expect(await lab.read('/etc/pifarm/farm.yaml')).toContain('HLSPi4')
})
