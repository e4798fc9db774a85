import { readdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { MuxResult } from '../../protocol/job.ts'
import { type HlsVerdict, masterName } from '../hls/verify.ts'
import type { MadeBy } from './finish-rendition.ts'
import type { MuxRun } from './mux-run.ts'

/** What made the best rendition, and which ways to encode were given up. */
export interface Encoded extends MadeBy {
  readonly fallbacks: readonly string[]
}

/** What the controller hears of a verified directory: measured by the verifier, cut to what it takes. */
export async function muxResult(
  { order, plan, space }: MuxRun,
  made: {
    readonly verdict: HlsVerdict
    readonly encoded: Encoded
    readonly warnings: readonly string[]
  },
): Promise<MuxResult> {
  let bytes = 0
  for (const name of await readdir(space.dir)) {
    const found = await stat(join(space.dir, name))
    if (found.isFile()) bytes += found.size
  }
  return {
    master: relative(order.mediaDir, join(order.output, masterName)),
    renditions: made.verdict.variants.map((each) => ({
      playlist: each.uri,
      width: each.width,
      height: each.height,
      framesPerSecond: each.framesPerSecond,
      codecs: each.codecs.join(),
      bandwidth: each.bandwidth,
      averageBandwidth: each.averageBandwidth,
    })),
    durationSeconds: plan.seconds,
    bytes,
    encoder: made.encoded.encoder,
    fallbacks: made.encoded.fallbacks.slice(0, 20),
    warnings: [...new Set(made.warnings)].slice(0, 100).map((each) => each.slice(0, 500)),
  }
}
