import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { muxResult } from '../../protocol/job.ts'

/** Lies in every directory that was verified and published: who asks, knows it is ours and whole. */
const muxRecord = z.object({
  jobId: z.string(),
  /** Of the input that it was made from. */
  fingerprint: z.string(),
  result: muxResult,
})
export type MuxRecord = z.infer<typeof muxRecord>

export const recordName = 'pifarm.json'

/** Undefined where the directory is none of ours. */
export async function readMuxRecord(dir: string): Promise<MuxRecord | undefined> {
  const text = await readFile(join(dir, recordName), 'utf8').catch(() => '')
  try {
    return muxRecord.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}
