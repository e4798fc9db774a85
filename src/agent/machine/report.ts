import * as z from 'zod'
import { completion, failure, jobId, release } from '../../protocol/agent-api.ts'

/** How a job ended, as it is kept on disk until the controller has heard it. */
export const report = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('complete'), job: jobId, body: completion }),
  z.object({ kind: z.literal('fail'), job: jobId, body: failure }),
  z.object({ kind: z.literal('release'), job: jobId, body: release }),
])
export type Report = z.infer<typeof report>
