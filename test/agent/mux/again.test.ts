import { createHash } from 'node:crypto'
import { readdirSync, renameSync } from 'node:fs'
import { readdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readMuxRecord } from '../../../src/agent/mux/mux-record.ts'
import { muxSettings } from '../../../src/protocol/job.ts'
import { makeClip, muxHere, scratchDir } from './mux-here.ts'

test('killed after it was published and before it could say so: the result is there at once', async () => {
  const dir = await scratchDir()
  await makeClip(dir, '-f lavfi -i sine=d=3 -c:a aac in.m4a')
  const first = await muxHere(dir, { input: 'in.m4a' })
  const again = await muxHere(dir, { input: 'in.m4a' })
  expect(again.outcome).toEqual({ ...first.outcome, argv: [] })
  expect(again.lines).toEqual([])
})

test('another job for the same video fails, replaces, or leaves what was there', async () => {
  const dir = await scratchDir()
  await makeClip(dir, '-f lavfi -i sine=d=3 -c:a aac in.m4a')
  const { output } = await muxHere(dir, { input: 'in.m4a' })
  await writeFile(join(output, 'mine'), '')

  const refused = await muxHere(dir, { input: 'in.m4a', order: { jobId: 'job2' } })
  expect(refused.outcome).toMatchObject({ reason: 'DirectoryExists', retryable: false })

  const replace = muxSettings.parse({ onExists: 'replace' })
  const replaced = await muxHere(dir, {
    input: 'in.m4a',
    order: { jobId: 'job2', settings: replace },
  })
  expect(replaced.outcome.kind).toBe('done')
  expect(await readdir(output)).not.toContain('mine')
  expect((await readMuxRecord(output))?.jobId).toBe('job2')

  // Killed between the two renames: what was there is back before anything else is done.
  const aside = `.pifarm-${createHash('sha256').update('in.m4a.hls').digest('hex').slice(0, 12)}.replaced`
  await rename(output, join(dir, aside))
  const back = await muxHere(dir, { input: 'in.m4a', order: { jobId: 'job3' } })
  expect(back.outcome).toMatchObject({ reason: 'DirectoryExists' })
  expect((await readdir(dir)).sort()).toEqual(['in.m4a', 'in.m4a.hls', 'scratch'])
})

test('an attempt whose job was taken over publishes nothing', async () => {
  const dir = await scratchDir()
  await makeClip(dir, '-f lavfi -i sine=d=3 -c:a aac in.m4a')
  let taken = false
  const stale = await muxHere(dir, {
    input: 'in.m4a',
    tools: {
      onProgress: ({ step }) => {
        if (step !== 'playlists' || taken) return
        taken = true
        // As the next holder of the lease does first of all.
        const [name = ''] = readdirSync(dir).filter((each) => each.endsWith('.partial'))
        renameSync(join(dir, name), join(dir, name.replace(/-\w+\.partial/, '-taken.partial')))
      },
    },
  })
  expect(stale.outcome.kind).toBe('failed')
  expect(await stat(join(dir, 'in.m4a.hls')).catch(() => undefined)).toBeUndefined()
  const next = await muxHere(dir, { input: 'in.m4a' })
  expect(next.outcome.kind).toBe('done')
})
