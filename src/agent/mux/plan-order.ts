import type { ProbedMedia } from '../ffmpeg/read-media.ts'
import { mediaFacts } from './media-facts.ts'
import type { MuxOrder } from './mux-order.ts'
import { MuxFailure } from './mux-run.ts'
import { type MuxPlan, planMux } from './plan-mux.ts'

/** What is to be made of a video that was looked at. Throws a `MuxFailure` where nothing can be. */
export function planOrder(order: MuxOrder, media: ProbedMedia): MuxPlan {
  const facts = mediaFacts(media)
  const never = { retryable: false }
  const [encoder] = order.machine.encoders
  if (facts.missingSeconds > 0)
    throw new MuxFailure(
      'InputUnstable',
      `${order.input} ends ${facts.missingSeconds.toFixed(1)} s before it should: cut off, or still being copied`,
    )
  if (encoder === undefined)
    throw new MuxFailure('Unsupported', 'this machine has no encoder that works')
  const plan = planMux(facts, order.settings, encoder)
  if (plan === undefined)
    throw new MuxFailure('NoVideo', `${order.input} has neither video nor sound`, never)
  if (!(plan.seconds > 0) || (facts.video !== undefined && facts.video.kbps === 0))
    throw new MuxFailure('CantGetBitRate', `${order.input} has no packets with times`, never)
  return plan
}
