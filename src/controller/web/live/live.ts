import { signal } from '@preact/signals'
import type { JobView, MuxerView } from '../../../protocol/views.ts'
import { ask, asRefusal, Refusal, session } from './ask.ts'

/** A muxer, and when the page heard that. */
export interface HeardMuxer extends MuxerView {
  readonly heardAt: number
}

/** `lost`: what is shown may be old. */
export const link = signal<'connecting' | 'live' | 'lost'>('connecting')
/** Undefined until they were fetched for the first time. */
export const muxers = signal<ReadonlyMap<string, HeardMuxer> | undefined>(undefined)
/** Counts the times that everything is to be fetched anew. */
export const freshness = signal(0)
export const controllerVersion = signal('')

type JobListener = (job: JobView) => void
const jobListeners = new Set<JobListener>()
/** Longer than the controller is ever silent. */
const silenceMs = 40_000
const retryMs = 2000

let source: EventSource | undefined
let silence: ReturnType<typeof setTimeout> | undefined

/** Answers what ends the hearing. */
export function hearJobs(listener: JobListener): () => void {
  jobListeners.add(listener)
  return () => jobListeners.delete(listener)
}

/** Hears every change, and comes back by itself after a restart of the controller. */
export function connect(): void {
  disconnect()
  const events = new EventSource('/v1/events')
  source = events
  const on = (name: string, act: (data: string) => void): void =>
    events.addEventListener(name, ({ data }: MessageEvent<string>) => {
      watchSilence()
      act(data)
    })
  watchSilence()
  on('alive', () => {})
  on('hello', (data) => {
    controllerVersion.value = JSON.parse(data).version
    fetchAnew()
  })
  on('muxer', (data) => hearMuxers(JSON.parse(data)))
  on('job', (data) => {
    const job: JobView = JSON.parse(data)
    for (const listener of jobListeners) listener(job)
  })
  events.onerror = () => {
    link.value = 'lost'
    // It tries again after a cut connection, but never after an answer such as 503.
    if (events.readyState === EventSource.CLOSED) reconnectSoon()
  }
}

export function disconnect(): void {
  source?.close()
  source = undefined
  clearTimeout(silence)
}

function watchSilence(): void {
  clearTimeout(silence)
  silence = setTimeout(() => {
    link.value = 'lost'
    connect()
  }, silenceMs)
}

function reconnectSoon(): void {
  disconnect()
  silence = setTimeout(async () => {
    const refused = await ask('GET', '/v1/session').then(() => undefined, asRefusal)
    if (refused === undefined) connect()
    else if (session.value === 'in') reconnectSoon()
  }, retryMs)
}

async function fetchAnew(): Promise<void> {
  try {
    const { muxers: all } = await ask<{ muxers: MuxerView[] }>('GET', '/v1/muxers')
    muxers.value = new Map()
    hearMuxers(...all)
    freshness.value++
    link.value = 'live'
  } catch (error) {
    if (error instanceof Refusal && error.status !== 401) reconnectSoon()
  }
}

/** Also what an answer to a request says of a muxer. */
export function hearMuxers(...heard: readonly MuxerView[]): void {
  const known = new Map(muxers.value)
  for (const muxer of heard) known.set(muxer.id, { ...muxer, heardAt: performance.now() })
  const { compare } = new Intl.Collator('en', { numeric: true })
  muxers.value = new Map([...known].sort(([one], [other]) => compare(one, other)))
}
