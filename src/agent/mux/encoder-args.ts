import { foreignInput } from '../ffmpeg/input-args.ts'
import type { EncoderAbility } from './mux-order.ts'
import type { MuxPlan, RenditionNames, RenditionPlan, VideoPlan } from './plan-mux.ts'

/** The words that ffmpeg is given, and why each is there. No effects. */

/** Decodes with a hardware decoder where one is named. */
export function sourceArgs(path: string, decoder: string | undefined): readonly string[] {
  return [...(decoder === undefined ? [] : ['-c:v', decoder]), ...foreignInput(path)]
}

/**
 * From the source to one picture stream a rendition, labelled [r0], [r1] and so on. Decoded, made
 * progressive and brought to one steady rate once; each size is scaled from the next larger.
 */
export function filterGraph(
  video: VideoPlan,
  stream: string,
  renditions: readonly RenditionPlan[],
  pixelFormat: string,
): string {
  const steps = [...cleaning(video), 'split=1[s0]']
  const chains = [`[${stream}]${steps.join(',')}`]
  renditions.forEach(({ width, height }, at) => {
    const isLast = at === renditions.length - 1
    // Rounding gives pixels that are not quite square, and players that are stretched by it.
    const scaled = `[s${at}]scale=${width}:${height}:flags=bicubic,setsar=1,format=${pixelFormat}`
    chains.push(isLast ? `${scaled}[r${at}]` : `${scaled},split=2[r${at}][s${at + 1}]`)
  })
  return chains.join(';')
}

/** Filters that make any video progressive, at a steady rate, from time 0 on. */
export function cleaning({ source, fps }: VideoPlan): readonly string[] {
  const deinterlace = source.isInterlaced ? ['bwdif=mode=send_frame:deint=interlaced'] : []
  return [...deinterlace, `fps=fps=${fps.frames}/${fps.seconds}:start_time=0`]
}

/** A closed GOP of one length and no B-frames: all renditions and encoders share one timeline. */
export function videoArgs(
  encoder: EncoderAbility,
  { kbps, gop, preset }: { readonly kbps: number; readonly gop: number; readonly preset: string },
): readonly string[] {
  // Without a rate an encoder takes ffmpeg's default, which is 200 kbit/s.
  const rate = ['-c:v', encoder.name, '-b:v', `${kbps}k`, '-g', `${gop}`, '-bf', '0']
  if (encoder.hardware)
    // With the four buffers of the default the Pi's encoder can wait for itself for ever.
    return encoder.name === 'h264_v4l2m2m' ? [...rate, '-num_capture_buffers', '32'] : rate
  const caps = ['-maxrate', `${Math.round(kbps * 1.2)}k`, '-bufsize', `${Math.round(kbps * 1.5)}k`]
  const closed = ['-keyint_min', `${gop}`, '-sc_threshold', '0', '-flags', '+cgop']
  return [...rate, ...caps, ...closed, '-preset', preset, '-profile:v', 'high']
}

/**
 * x264 takes half as many threads again as there are processors, and each holds pictures of its own.
 * Where several encode side by side they share them: no fewer than two each, so that all can be at work.
 */
export function threadArgs(encoders: number, processors: number): readonly string[] {
  const alone = Math.max(1, Math.floor(1.5 * processors))
  const shared = Math.min(alone, 1 + Math.ceil(alone / encoders))
  return shared === alone ? [] : ['-threads', `${shared}`]
}

/**
 * Decoding and scaling beside encoders in software, which they wait for: half the decoders that ffmpeg
 * would take keep those busy, and a second thread that scales would only hold pictures.
 */
export function threadsBefore(processors: number): readonly string[] {
  const decoding = `${Math.ceil((processors + 1) / 2)}`
  return ['-filter_complex_threads', '1', '-threads', decoding]
}

/**
 * The key frame that ends a segment must not come too early for it. TS counts in 90,000ths of a second,
 * and at odd rates (a phone's 26.777) both ends of a segment are rounded to that. ffmpeg adds these up
 * from segment to segment: more would take the key frame before, in a film of hours.
 */
const timesRounding = 0.000_02

/** Nothing but what is mapped: data tracks, covers, chapters and tags stay behind. */
export function hlsArgs(plan: MuxPlan, names: RenditionNames): readonly string[] {
  const isTs = plan.settings.segments === 'ts'
  return [
    ...['-dn', '-sn', '-map_chapters', '-1', '-map_metadata', '-1'],
    // TS then begins at 0.2 s. Without any delay each sound frame would fill packets of its own.
    ...['-muxdelay', '0.1', '-muxpreload', '0'],
    ...['-f', 'hls', '-hls_playlist_type', 'vod', '-hls_flags', 'independent_segments'],
    ...['-hls_time', (plan.segmentSeconds - timesRounding).toFixed(6)],
    ...(isTs ? [] : ['-hls_segment_type', 'fmp4', '-hls_fmp4_init_filename', names.init]),
    ...['-hls_segment_filename', names.segments, names.playlist],
  ]
}

/** ADTS is for TS; MP4 keeps what its headers say elsewhere. */
export function soundCopyArgs(plan: MuxPlan): readonly string[] {
  const bare = plan.settings.segments === 'ts' ? [] : ['-bsf:a', 'aac_adtstoasc']
  return ['-c:a', 'copy', ...bare]
}
