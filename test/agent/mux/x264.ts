import type { EncoderAbility } from '../../../src/agent/mux/mux-order.ts'

/** What every machine with ffmpeg can do. */
export const x264: EncoderAbility = {
  name: 'libx264',
  hardware: false,
  pixelFormat: 'yuv420p',
  widthGrid: 2,
  maxSide: null,
  fixedGop: null,
  sessions: 20,
}
