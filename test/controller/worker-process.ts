import { setTimeout as sleep } from 'node:timers/promises'

/** Takes one job over HTTP, keeps it for as long as it is told to, and prints what each request was answered. */
export interface WorkerOptions {
  readonly url: string
  readonly muxer: string
  readonly token: string
  readonly result: object
}

const { url, muxer, token, result }: WorkerOptions = JSON.parse(process.argv[2] ?? '')

async function post(path: string, body: object) {
  const answer = await fetch(new URL(path, url), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: answer.status, json: await answer.json().catch(() => undefined) }
}

const state = { locked: null, trouble: null, celsius: null, throttled: null }
const claimed = await post(`/v1/muxers/${muxer}/claim`, { state, tmpFreeBytes: 1, waitSeconds: 20 })
const { job, lease } = claimed.json as { job: { id: string }; lease: { token: string } }
process.stdout.write(`${job.id}\n`)
const progress = {
  step: 'encode',
  rendition: null,
  percent: 1,
  fps: null,
  speed: null,
  etaSeconds: null,
  encoder: null,
}
let told = false
process.stdin.on('data', () => {
  told = true
})
while (!told) {
  await post(`/v1/jobs/${job.id}/heartbeat`, { token: lease.token, progress, state })
  await sleep(100)
}
const heartbeat = await post(`/v1/jobs/${job.id}/heartbeat`, {
  token: lease.token,
  progress,
  state,
})
const complete = await post(`/v1/jobs/${job.id}/complete`, { token: lease.token, result })
process.stdout.write(`${heartbeat.status} ${complete.status}\n`)
process.exit()
