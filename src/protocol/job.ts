import * as z from 'zod'

/**
 * What a job is, in the words that the controller and the agents share. Parsed at both ends: the
 * controller does not trust a body, the agent does not trust a path.
 */

/** The number of `muxid=` on the kernel's command line, or a board serial where there is none. */
export const muxerId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, {
  error: 'a muxer id is 1 to 64 letters, digits, hyphens and underscores',
})

/** A word that a job needs and a muxer has, such as `mpeg2` or `shelf:2`. */
export const label = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/, {
  error: 'a label is 1 to 64 letters, digits and . _ : -',
})

/** A file below the media directory: relative, in NFC, without `..`, empty parts or control characters. */
export const mediaPath = z
  .string()
  .min(1)
  .max(1024)
  .refine((path) => path === path.normalize('NFC'), { error: 'a media path is in NFC' })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  .refine((path) => !/[\u0000-\u001f\u007f]/.test(path), {
    error: 'a media path has no control characters',
  })
  .refine((path) => path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'), {
    error: 'a media path is relative and stays inside the media directory',
  })

/** How the renditions are chosen (src/agent/mux/plan-ladder.ts). */
export const ladder = z.discriminatedUnion('mode', [
  /** A standard ladder, cut to what the source holds. */
  z.strictObject({ mode: z.literal('profile') }),
  /** The article's: the source's bitrate times each multiplier. */
  z.strictObject({
    mode: z.literal('multiplier'),
    multipliers: z.array(z.number().positive().max(1)).min(1).max(10).optional(),
  }),
  /** As it is written, but never above the source. */
  z.strictObject({
    mode: z.literal('explicit'),
    renditions: z
      .array(
        z.strictObject({ height: z.int().min(64).max(4320), kbps: z.int().min(50).max(50_000) }),
      )
      .min(1)
      .max(10),
  }),
])
export type Ladder = z.infer<typeof ladder>

/** What is made of the video. */
export const muxSettings = z.strictObject({
  ladder: ladder.default({ mode: 'profile' }),
  segments: z.enum(['ts', 'fmp4']).default('ts'),
  encrypt: z.boolean().default(false),
  /** What happens where `<path>.hls` is there already. */
  onExists: z.enum(['fail', 'replace']).default('fail'),
})
export type MuxSettings = z.infer<typeof muxSettings>

/** Why a job failed; the first six are the original muxer's words. */
export const failureReasons = [
  'MissingFile',
  'DirectoryExists',
  'CantGetBitRate',
  'FFmpegErr',
  'ProbeFailed',
  'NoVideo',
  'EncoderHang',
  'VerifyFailed',
  'DiskFull',
  'InputUnstable',
  'Unsupported',
] as const
export const failureReason = z.enum(failureReasons)
export type FailureReason = z.infer<typeof failureReason>

/** One rung of a finished ladder, as measured from its segments. */
export const renditionResult = z.strictObject({
  playlist: z.string().max(255),
  /** 0 by 0 where there is only sound. */
  width: z.int().min(0),
  height: z.int().min(0),
  framesPerSecond: z.number().min(0),
  codecs: z.string().max(255),
  /** bit/s, as in EXT-X-STREAM-INF. */
  bandwidth: z.int().positive(),
  averageBandwidth: z.int().positive(),
})
export type RenditionResult = z.infer<typeof renditionResult>

export const muxResult = z.strictObject({
  /** The master playlist, below the media directory. */
  master: mediaPath,
  renditions: z.array(renditionResult).min(1).max(20),
  durationSeconds: z.number().positive(),
  bytes: z.int().positive(),
  encoder: z.string().max(64),
  /** Encoders that were tried before it and failed. */
  fallbacks: z.array(z.string().max(200)).max(20),
  warnings: z.array(z.string().max(500)).max(100),
})
export type MuxResult = z.infer<typeof muxResult>
