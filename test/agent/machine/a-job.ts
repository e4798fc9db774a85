import type { MuxOutcome } from '../../../src/agent/mux/mux-order.ts'
import type { Claimed, Progress } from '../../../src/protocol/agent-api.ts'
import { muxSettings } from '../../../src/protocol/job.ts'

/** A job as the controller hands it out. */
export function claimedJob(number: number, path = 'videos/in.mp4'): Claimed {
  const hex = number.toString(16).padStart(12, '0')
  return {
    job: { id: String(number), path, settings: muxSettings.parse({}) },
    lease: {
      token: `5f0c3c1e-0000-4000-8000-${hex}`,
      attempt: 1,
      leaseSeconds: 120,
      renewSeconds: 30,
    },
  }
}

export const muxed: { readonly done: MuxOutcome; readonly progress: Progress } = {
  done: {
    kind: 'done',
    argv: ['ffmpeg', '-i', 'in.mp4'],
    result: {
      master: 'videos/in.mp4.hls/manifest_master.m3u8',
      renditions: [
        {
          playlist: 'manifest_300.m3u8',
          width: 320,
          height: 240,
          framesPerSecond: 25,
          codecs: 'avc1.64000d,mp4a.40.2',
          bandwidth: 400_000,
          averageBandwidth: 350_000,
        },
      ],
      durationSeconds: 6,
      bytes: 300_000,
      encoder: 'libx264',
      fallbacks: [],
      warnings: [],
    },
  },
  progress: {
    step: 'renditions',
    rendition: null,
    percent: 40,
    fps: 80,
    speed: 3,
    etaSeconds: 9,
    encoder: 'libx264',
  },
}
