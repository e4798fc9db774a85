import { muxVideo } from '../../../src/agent/mux/mux-video.ts'
import { programsHere } from './mux-here.ts'

/** An agent to be killed: muxes as the JSON of its argument says, and prints each step as it begins. */
const { order, ffmpeg } = JSON.parse(process.argv[2] ?? '{}')
let last = ''
const outcome = await muxVideo(order, {
  ...programsHere(),
  ffmpeg,
  limits: { preset: 'ultrafast' },
  onProgress: ({ step, rendition, percent }) => {
    const now = `${step} ${rendition ?? ''}`
    if (now === last) return
    last = now
    process.stdout.write(`${now} ${percent}\n`)
  },
})
process.stdout.write(`outcome ${outcome.kind}\n`)
