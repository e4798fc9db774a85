import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { localReader } from '../../src/host/local.ts'
import type { Finding } from '../../src/netboot/find-serials.ts'
import { type Scan, scanLog } from '../../src/netboot/scan-log.ts'

const now = new Date('2026-11-22T12:00:00Z')
const noise = 'Nov 22 10:00:00 nas smbd[7]: pam_unix(samba:session): session opened for films\n'
let dir: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'scan-'))
})

afterAll(() => rm(dir, { recursive: true }))

async function scan(text: string, more: Partial<Scan> = {}): Promise<Finding[]> {
  const path = join(dir, 'log')
  await writeFile(path, text)
  const found: Finding[] = []
  const until = new AbortController().signal
  const wanted = { since: undefined, expected: [], now, until, ...more }
  for await (const finding of scanLog(localReader(), [path], wanted)) found.push(finding)
  return found
}

function boot(clock: string, address: string, mac: string, serial: string): string {
  const stamp = `2026-11-22T${clock}+00:00 nas`
  return (
    `${stamp} dhcpd[8]: DHCPOFFER on ${address} to ${mac} via eth0\n` +
    `${stamp} in.tftpd[9]: RRQ from ${address} filename ${serial}/start4.elf\n`
  )
}

const old = boot('08:00:00', '10.77.0.11', 'dc:a6:32:00:00:01', '10000001')
const late = boot('11:55:00', '10.77.0.12', 'dc:a6:32:00:00:02', '10000002')

test('the newest comes first, each board once', async () => {
  const found = await scan(old + noise + late + late)
  expect(found.map(({ serial, mac, certain }) => [serial, mac, certain])).toEqual([
    ['10000002', 'dc:a6:32:00:00:02', true],
    ['10000001', 'dc:a6:32:00:00:01', true],
  ])
})

test('nothing older than was asked for', async () => {
  const found = await scan(old + late, { since: new Date('2026-11-22T11:50:00Z') })
  expect(found.map(({ serial }) => serial)).toEqual(['10000002'])
})

test('a stamp without a year is one of the last twelve months', async () => {
  const line = 'Nov 30 10:00:00 nas in.tftpd[9]: RRQ from 10.77.0.9 filename 10000003/start.elf\n'
  const [finding] = await scan(line)
  expect(new Date(finding?.time ?? 0).getFullYear()).toBe(2025)
})

test.each(Array.from({ length: 12 }, (_, shift) => shift * 97))(
  'the DHCP line is found across the border of two pieces: %i bytes on',
  async (shift) => {
    const before = noise.repeat(Math.ceil(1_100_000 / noise.length))
    const after = noise.repeat(Math.ceil(1_048_576 / noise.length)).slice(shift)
    const found = await scan(`${before}${old}${after.slice(after.indexOf('\n') + 1)}`)
    expect(found).toMatchObject([{ serial: '10000001', mac: 'dc:a6:32:00:00:01', certain: true }])
  },
)

test('a line longer than a piece, and one without an end, are passed over', async () => {
  const found = await scan(`${late}${'tftp '.repeat(600_000)}\n${old}tftp${'x'.repeat(3_000_000)}`)
  expect(found.map(({ serial }) => serial)).toEqual(['10000001', '10000002'])
})

test('an empty log holds nothing', async () => {
  expect(await scan('')).toEqual([])
})

test('ends when it is told to', async () => {
  expect(await scan(old + noise + late, { until: AbortSignal.abort() })).toEqual([])
})

test('thousands of invented serials are not all kept in mind: then a board may be told again', async () => {
  const invented = Array.from({ length: 5000 }, (_, number) => {
    const serial = (0x2000_0000 + number).toString(16)
    return `2026-11-22T09:00:00+00:00 nas in.tftpd[9]: RRQ from 10.77.0.9 filename ${serial}/start.elf\n`
  })
  const far = noise.repeat(20_000)
  const found = await scan(late + far + invented.join('') + far + late)
  expect(found.filter(({ serial }) => serial === '10000002')).toHaveLength(2)
})
