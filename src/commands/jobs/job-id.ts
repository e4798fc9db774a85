import { quoted, UserError } from '../../errors.ts'

/** Stricter than an agent is: whoever names several is told of a slip before anything is done with the first. */
export function readJobId(text: string): string {
  if (/^[1-9]\d{0,14}$/.test(text)) return text
  throw new UserError(`bad job ${quoted(text)}`, { hint: 'it is a number of `pifarm jobs list`' })
}
