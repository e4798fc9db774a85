import type {
  Claimed,
  Failure,
  MuxerState,
  Progress,
  Registration,
} from '../../../src/protocol/agent-api.ts'
import type { MuxResult } from '../../../src/protocol/job.ts'
import type { ServedFarm } from './served-farm.ts'

const well: MuxerState = { locked: null, trouble: null, celsius: 58.4, throttled: false }

/** An agent that says what the test tells it to, over the real API with its own token. */
export function scriptedAgent(farm: ServedFarm, muxer: string) {
  const post = async (path: string, body: object): Promise<Response> => {
    const response = await fetch(`${farm.url}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${farm.agentTokens.get(muxer)}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    })
    if (response.status >= 400 && response.status !== 423)
      throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response
  }
  return {
    register: (said: Partial<Registration> = {}) =>
      post(`/v1/muxers/${muxer}/register`, {
        agent: '0.1.0',
        hostname: `hlspi${muxer}`,
        serial: '00000000d4a3347a',
        model: 'Raspberry Pi 3 Model B Plus Rev 1.3',
        ffmpeg: '5.1.6',
        labels: [],
        capabilities: { encoders: ['h264_v4l2m2m', 'libx264'], decoders: [], troubles: [] },
        ...said,
      } satisfies Registration),
    /** The status of the answer, and the job if it got one; with 0 it only tells its state. */
    claim: async (state: Partial<MuxerState> = {}, waitSeconds = 1) => {
      const response = await post(`/v1/muxers/${muxer}/claim`, {
        state: { ...well, ...state },
        tmpFreeBytes: 1e9,
        waitSeconds,
      })
      const claimed = response.status === 200 ? ((await response.json()) as Claimed) : undefined
      return { status: response.status, claimed }
    },
    heartbeat: (
      { job, lease }: Claimed,
      progress: Partial<Progress>,
      state: Partial<MuxerState> = {},
    ) =>
      post(`/v1/jobs/${job.id}/heartbeat`, {
        token: lease.token,
        state: { ...well, ...state },
        progress: {
          step: 'encode',
          rendition: '720p',
          percent: 0,
          fps: 21.4,
          speed: 0.86,
          etaSeconds: 95,
          encoder: 'h264_v4l2m2m',
          ...progress,
        },
      }),
    complete: ({ job, lease }: Claimed, result: MuxResult) =>
      post(`/v1/jobs/${job.id}/complete`, { token: lease.token, result }),
    fail: ({ job, lease }: Claimed, failure: Omit<Failure, 'token'>) =>
      post(`/v1/jobs/${job.id}/fail`, { token: lease.token, ...failure }),
  }
}
