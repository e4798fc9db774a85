import type { Claimed } from '../../src/protocol/agent-api.ts'
import type { MuxResult } from '../../src/protocol/job.ts'
import type { Answered, ControllerHere } from './controller-here.ts'

export const progress = {
  step: 'encode',
  rendition: '720p',
  percent: 40,
  fps: 20,
  speed: 0.8,
  etaSeconds: 90,
  encoder: 'libx264',
}
export const idle = { locked: null, trouble: null, celsius: 51.5, throttled: false }
export const registration = {
  agent: '1.0.0',
  hostname: 'HLSPi1',
  serial: '3333347a',
  model: 'Raspberry Pi 3 Model B',
  ffmpeg: 'ffmpeg 5.1',
  labels: ['mpeg2'],
  capabilities: { encoders: ['h264_v4l2m2m'], decoders: [], troubles: [] },
}

export function resultFor(path: string) {
  return {
    master: `${path}.hls/manifest_master.m3u8`,
    renditions: [
      {
        playlist: 'manifest_720.m3u8',
        width: 1280,
        height: 720,
        framesPerSecond: 25,
        codecs: 'avc1.4d401f,mp4a.40.2',
        bandwidth: 2_000_000,
        averageBandwidth: 1_800_000,
      },
    ],
    durationSeconds: 61.5,
    bytes: 12_345,
    encoder: 'libx264',
    fallbacks: [],
    warnings: [],
  }
}

/** Speaks as the agent of one muxer does, a request at a time. */
export function playedAgent({ ask, tokenOf }: ControllerHere, id = '1') {
  const post = (path: string, body: unknown): Promise<Answered> =>
    ask('POST', path, body, tokenOf(id))
  const about = (job: Claimed['job'], what: string, body: object): Promise<Answered> =>
    post(`/v1/jobs/${job.id}/${what}`, body)
  return {
    id,
    post,
    register: (more: object = {}) =>
      post(`/v1/muxers/${id}/register`, { ...registration, ...more }),
    claim: (waitSeconds = 1, state: object = {}) =>
      post(`/v1/muxers/${id}/claim`, {
        state: { ...idle, ...state },
        tmpFreeBytes: 1e9,
        waitSeconds,
      }),
    heartbeat: ({ job, lease }: Claimed, more: object = {}, state: object = {}) =>
      about(job, 'heartbeat', {
        token: lease.token,
        progress: { ...progress, ...more },
        state: { ...idle, ...state },
      }),
    complete: (
      { job, lease }: Claimed,
      result: MuxResult = resultFor(job.path),
      more: object = {},
    ) => about(job, 'complete', { token: lease.token, result, ...more }),
    fail: ({ job, lease }: Claimed, more: object = {}) =>
      about(job, 'fail', {
        token: lease.token,
        reason: 'FFmpegErr',
        retryable: false,
        detail: 'it broke',
        argv: ['ffmpeg', '-i', 'a b.mp4'],
        logTail: 'last words',
        ...more,
      }),
    release: ({ job, lease }: Claimed) =>
      about(job, 'release', { token: lease.token, why: 'drained' }),
  }
}
