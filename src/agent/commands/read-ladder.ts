import { quoted, UserError } from '../../errors.ts'
import { type Ladder, ladder } from '../../protocol/job.ts'

/** `profile`, `multiplier`, `multiplier:1,0.5`, or `720:2500,360:800` (height and kbit/s). */
export function readLadder(text: string): Ladder {
  const parsed = ladder.safeParse(ladderOf(text))
  if (parsed.success) return parsed.data
  throw new UserError(`--ladder ${quoted(text)}: ${parsed.error.issues[0]?.message}`, {
    hint: 'write profile, multiplier:1,0.5,0.25 or 720:2500,360:800',
  })
}

function ladderOf(text: string): unknown {
  const [mode, numbers] = text.split(':', 2)
  if (mode === 'profile' && numbers === undefined) return { mode }
  if (mode === 'multiplier')
    return numbers === undefined ? { mode } : { mode, multipliers: numbers.split(',').map(Number) }
  const renditions = text.split(',').map((each) => {
    const [height, kbps] = each.split(':').map(Number)
    return { height, kbps }
  })
  return { mode: 'explicit', renditions }
}
