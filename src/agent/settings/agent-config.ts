import * as z from 'zod'
import { label, muxerId } from '../../protocol/job.ts'

const absolute = z
  .string()
  .max(1024)
  .refine((path) => path.startsWith('/') && !path.includes('\u0000'), {
    error: 'a path is absolute, e.g. "/home/pi/remote"',
  })

const controller = z.url({ protocol: /^https?$/, error: 'a controller is http:// or https://' })

/** Commas between those that share a queue. */
export const controllers = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(controller).max(8))

/**
 * /etc/pifarm-agent.json. Each key may be left out; docs/agent.md says what each is for. The token
 * is no part of it: it has a file of its own.
 */
export const agentConfig = z.strictObject({
  controller: controllers.optional(),
  /** In PEM: a certificate that is trusted beside those that everybody trusts. */
  caFile: absolute.optional(),
  muxid: muxerId.optional(),
  labels: z.array(label).max(32).default([]),
  hardwareDecoding: z.boolean().default(false),
  mediaDir: absolute.default('/home/pi/remote'),
  /** How the share is mounted where it is not; null: the media directory need not be a mount. */
  mountCommand: z.array(z.string().min(1)).min(1).nullable().optional(),
  /** Where inputs go whose HLS is live, below the media directory. */
  originalsDir: z
    .string()
    .regex(/^[^/.][^/]*(?:\/[^/.][^/]*)*$/, {
      error: 'originalsDir lies below mediaDir, e.g. "originals"',
    })
    .default('originals'),
  lockFile: absolute.default('/home/pi/hlsmux.lock'),
  stateDir: absolute.default('/var/lib/hls-muxer'),
  /** Left out: in stateDir. */
  scratchDir: absolute.optional(),
  /** No rendition is longer than this on a side: what a slow machine is spared. */
  maxSide: z.int().min(64).max(8192).optional(),
  /** An input has to stay as it is for so long before it is read. */
  stableSeconds: z.number().min(0).max(3600).default(5),
})
export type AgentConfig = z.infer<typeof agentConfig>
