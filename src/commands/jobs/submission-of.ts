import * as z from 'zod'
import { quoted, UserError } from '../../errors.ts'
import { type Ladder, label, ladder, mediaPath, muxerId } from '../../protocol/job.ts'
import { type Submission, submission } from '../../protocol/views.ts'
import { flag } from '../pi-options.ts'

/** The flags that say how a video is made into HLS, as typed. */
export interface WishOptions {
  readonly muxid?: string
  readonly priority?: string
  readonly ladder?: string
  readonly segments?: 'ts' | 'fmp4'
  readonly encrypt?: true
  readonly replace?: true
  readonly label?: readonly string[]
  readonly notBefore?: string
  readonly webhook?: string
}

const digits = z.string().regex(/^-?\d{1,9}$/, { error: 'it is a whole number from 0 to 100' })
const priority = digits.transform(Number).pipe(z.int().min(0).max(100))

/** What the controller is asked. Throws a `UserError` that names the flag. */
export function submissionOf(path: string, options: WishOptions, now: Date): Submission {
  const parsed = mediaPath.safeParse(path)
  if (!parsed.success)
    throw new UserError(`bad file ${quoted(path)}`, { hint: parsed.error.issues[0]?.message })
  const needs = options.label?.map((one) => flag('--label', label, one))
  return submission.parse({
    path,
    settings: {
      ladder: options.ladder === undefined ? undefined : readLadder(options.ladder),
      segments: options.segments,
      encrypt: options.encrypt,
      onExists: options.replace ? 'replace' : undefined,
    },
    priority: flag('--priority', priority as z.ZodType<number>, options.priority),
    muxer: flag('--muxid', muxerId, options.muxid),
    needs,
    notBefore: options.notBefore === undefined ? undefined : readStart(options.notBefore, now),
    webhook: flag('--webhook', submission.shape.webhook, options.webhook),
  })
}

/** `profile`, `multiplier`, `multiplier:1,0.5`, or `1080:5000,480:1200`. */
function readLadder(text: string): Ladder {
  const [mode, values] = text.split(':', 2)
  const wished =
    mode === 'profile' || mode === 'multiplier'
      ? { mode, ...(values !== undefined && { multipliers: values.split(',').map(Number) }) }
      : {
          mode: 'explicit',
          renditions: text.split(',').map((rendition) => {
            const [height, kbps] = rendition.split(':').map(Number)
            return { height, kbps }
          }),
        }
  const parsed = ladder.safeParse(wished)
  if (parsed.success) return parsed.data
  throw new UserError(`bad --ladder ${quoted(text)}`, {
    hint: 'it is profile, multiplier, multiplier:1,0.5,0.25 or heights with kbit/s: 1080:5000,480:1200',
  })
}

const units = { m: 60, h: 3600, d: 86_400 } as const

/** An instant, or a span from now on. */
function readStart(text: string, now: Date): string {
  const span = /^(\d{1,5})([mhd])$/.exec(text)
  if (span !== null) {
    const seconds = Number(span[1]) * units[span[2] as keyof typeof units]
    return new Date(now.getTime() + seconds * 1000).toISOString()
  }
  const parsed = z.iso.datetime({ offset: true }).safeParse(text)
  if (parsed.success) return text
  throw new UserError(`bad --not-before ${quoted(text)}`, {
    hint: 'it is a span such as 90m, 8h, 2d, or an instant such as 2026-12-24T22:00:00+01:00',
  })
}
