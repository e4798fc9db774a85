import { quoted, UserError } from '../../errors.ts'
import { jobId } from '../../protocol/agent-api.ts'

export function readJobId(text: string): string {
  const parsed = jobId.safeParse(text)
  if (parsed.success) return parsed.data
  throw new UserError(`bad job ${quoted(text)}`, { hint: 'it is a number of `pifarm jobs list`' })
}
