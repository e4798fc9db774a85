import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Outbox } from '../../../src/agent/controller/outbox.ts'
import { completed, failed, released } from '../../../src/agent/machine/end-of-job.ts'
import type { Report } from '../../../src/agent/machine/report.ts'
import { claimedJob, muxed } from '../machine/a-job.ts'
import { scratchDir } from '../mux/mux-here.ts'

const job = claimedJob(1)
const done = muxed.done as Extract<typeof muxed.done, { kind: 'done' }>
const complete = completed(job, done)
const other = released(claimedJob(2), 'the agent was stopped')

async function outboxHere() {
  const dir = await scratchDir()
  return { dir, reports: join(dir, 'reports'), outbox: new Outbox(dir) }
}

test('what is filed outlives the agent, each report once, until it was delivered', async () => {
  const { dir, reports, outbox } = await outboxHere()
  expect(await outbox.file(complete)).toBe(true)
  expect(await outbox.file(other)).toBe(true)
  expect(await outbox.file(complete)).toBe(true)

  const later = new Outbox(dir)
  expect(await later.reports()).toEqual([complete, other])
  await later.delivered(complete)
  await later.delivered(complete)
  expect(await later.reports()).toEqual([other])
  expect(await readdir(reports)).toEqual([`${other.body.token}.json`])
})

test('the longest report that there can be is read back', async () => {
  const { outbox } = await outboxHere()
  const long: Report = failed(job, {
    kind: 'failed',
    reason: 'FFmpegErr',
    retryable: true,
    detail: 'd'.repeat(10_000),
    argv: Array.from({ length: 900 }, () => 'a'.repeat(9000)),
    logTail: 'l'.repeat(100_000),
  })
  await outbox.file(long)
  expect(await outbox.reports()).toEqual([long])
})

describe('a file that is no report is none, and stands in the way of no other', () => {
  const whole = JSON.stringify(complete)
  test.each([
    ['empty', ''],
    ['cut off by a power cut', whole.slice(0, 200)],
    ['zeroes, as ext4 leaves them', '\0'.repeat(500)],
    ['another thing', '{"kind":"complete"}'],
    ['with a token that would be another path', whole.replace(/"token":"[^"]*"/, '"token":"../x"')],
    ['for a job that would be another path', whole.replace('"job":"1"', '"job":"../1"')],
  ])('%s', async (_, text) => {
    const { dir, reports, outbox } = await outboxHere()
    await mkdir(reports)
    await writeFile(join(reports, `${complete.body.token}.json`), text)
    await writeFile(join(dir, 'job.json'), text)
    await outbox.file(other)
    expect(await outbox.reports()).toEqual([other])
    expect(await outbox.keptJob()).toBeUndefined()
  })

  test('a half-written one beside its place', async () => {
    const { reports, outbox } = await outboxHere()
    await outbox.file(complete)
    await writeFile(join(reports, `${complete.body.token}.json.tmp`), whole.slice(0, 100))
    expect(await outbox.reports()).toEqual([complete])
    expect(await readFile(join(reports, `${complete.body.token}.json`), 'utf8')).toBe(whole)
  })
})

test('a job is held until it is forgotten, or its end is filed', async () => {
  const { dir, outbox } = await outboxHere()
  await outbox.keepJob({ claimed: job, starts: 2 })
  expect(await new Outbox(dir).keptJob()).toEqual({ claimed: job, starts: 2 })
  // Killed between the two: the job has ended all the same.
  await outbox.file(complete)
  expect(await new Outbox(dir).keptJob()).toBeUndefined()
  await outbox.delivered(complete)
  await outbox.forgetJob()
  await outbox.forgetJob()
  expect(await new Outbox(dir).keptJob()).toBeUndefined()
})

test('without room on disk a report is kept in memory, and told from there', async () => {
  const { dir, outbox } = await outboxHere()
  // In the way of the directory.
  await writeFile(join(dir, 'reports'), '')
  expect(await outbox.file(complete)).toBe(false)
  expect(await outbox.file(complete)).toBe(false)
  expect(await outbox.reports()).toEqual([complete])
  await outbox.delivered(complete).catch(() => undefined)
  expect(await outbox.reports()).toEqual([])
})
