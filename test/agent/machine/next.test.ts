import { describe, expect, test } from 'vitest'
import type {
  AgentEvent,
  AgentState,
  Deed,
  KeptJob,
  Surroundings,
} from '../../../src/agent/machine/agent-state.ts'
import { firstState, next } from '../../../src/agent/machine/next.ts'
import type { Report } from '../../../src/agent/machine/report.ts'
import type { MuxOutcome } from '../../../src/agent/mux/mux-order.ts'
import type { JobOutcome } from '../../../src/agent/share/mux-job.ts'
import type { Claimed } from '../../../src/protocol/agent-api.ts'
import { claimedJob, muxed } from './a-job.ts'

const fine: Surroundings = {
  state: { locked: null, trouble: null, celsius: 50, throttled: false },
  able: true,
  tmpFreeBytes: 1e9,
  share: 'fine',
  mount: '36 0:40',
}
/** It was away between two looks. */
const anew: Surroundings = { ...fine, mount: '44 0:51' }
const away: Surroundings = {
  ...fine,
  state: { ...fine.state, trouble: 'the share is away' },
  share: 'gone',
}
const silent: Surroundings = { ...away, share: 'silent' }
const locked: Surroundings = { ...fine, state: { ...fine.state, locked: 'new fan' } }

const failure: MuxOutcome = {
  kind: 'failed',
  reason: 'FFmpegErr',
  retryable: true,
  detail: 'broken',
  argv: ['ffmpeg'],
  logTail: 'oh',
}

/** Plays events one after the other; answers with all deeds and where it ended. */
function play(events: readonly AgentEvent[], from = firstState) {
  let state = from
  const deeds: Deed[] = []
  for (const event of events) {
    const [after, more] = next(state, event)
    state = after
    deeds.push(...more)
  }
  return { state, deeds, last: deeds.at(-1) }
}

const started: AgentEvent = { kind: 'started', kept: undefined }
const ready: readonly AgentEvent[] = [
  started,
  { kind: 'sent' },
  { kind: 'registered', renewSeconds: 30 },
]
const job = claimedJob(1)
const { token } = job.lease
const working: readonly AgentEvent[] = [
  ...ready,
  { kind: 'looked', now: fine },
  { kind: 'claimed', claimed: job },
  { kind: 'looked', now: fine },
]

test('from start to a job: what was not heard is sent, then it registers, looks and asks', () => {
  const { deeds } = play(working)
  expect(deeds.map(({ kind }) => kind)).toEqual([
    'send',
    'register',
    'look',
    'claim',
    'look',
    'mux',
    'await beat',
  ])
  expect(deeds[3]).toMatchObject({ waitSeconds: 25 })
})

test.each([
  ['locked', locked],
  ['without its share', away],
])('%s, it asks for nothing and says why', (_, now) => {
  const { last } = play([...ready, { kind: 'looked', now }])
  expect(last).toEqual({ kind: 'claim', now, waitSeconds: 0 })
})

test('without an encoder it tries them once more after a while, and says what came of it', () => {
  const now = {
    ...fine,
    able: false,
    state: { ...fine.state, trouble: 'no encoder works: too slow' },
  }
  const round: readonly AgentEvent[] = [
    { kind: 'looked', now },
    { kind: 'nothing' },
    { kind: 'rested' },
    { kind: 'sent' },
  ]
  const rounds = Array.from({ length: 100 }, () => round).flat()
  const { deeds, state } = play([...ready, ...rounds])
  expect(deeds.filter(({ kind }) => kind === 'start')).toHaveLength(1)
  expect(state.phase.kind).toBe('starting')
  const { deeds: then } = play([started, { kind: 'sent' }], state)
  expect(then.map(({ kind }) => kind)).toEqual(['send', 'register'])
})

test('a lock file that appeared while it waited: the job goes back', () => {
  const { last } = play([...working.slice(0, -1), { kind: 'looked', now: locked }])
  expect(last).toMatchObject({ report: { kind: 'release', body: { why: 'locked: new fan' } } })
})

test('a lock file that appears while a job runs lets it finish', () => {
  const { state, deeds } = play([
    ...working,
    { kind: 'beat', token },
    { kind: 'looked', now: locked },
    { kind: 'heard', token, cancel: false },
  ])
  expect(state.phase.kind).toBe('working')
  expect(deeds).not.toContainEqual({ kind: 'stop mux' })
})

test('a lost lease: the work is stopped, and nothing is said of it', () => {
  const { deeds, last } = play([
    ...working,
    { kind: 'lease lost', token },
    { kind: 'muxed', outcome: { kind: 'stopped' } },
  ])
  expect(deeds).toContainEqual({ kind: 'stop mux' })
  expect(last).toEqual({ kind: 'file', report: undefined })
})

test('what is heard of another lease does not touch this one', () => {
  const { state } = play([...working, { kind: 'lease lost', token: claimedJob(2).lease.token }])
  expect(state.phase).toMatchObject({ kind: 'working', ending: undefined })
})

test('a cancelled job is stopped and given back', () => {
  const { last } = play([
    ...working,
    { kind: 'heard', token, cancel: true },
    { kind: 'muxed', outcome: { kind: 'stopped' } },
  ])
  expect(last).toMatchObject({ report: { kind: 'release', body: { token, why: 'cancelled' } } })
})

test('a job that failed on a share which was lost is given back, and failed nobody', () => {
  const { last } = play([...working, { kind: 'muxed', outcome: { kind: 'share lost' } }])
  expect(last).toMatchObject({
    report: { kind: 'release', body: { token, why: expect.stringContaining('went away') } },
  })
})

test('a share that is gone stops the job at once, one that is silent after four looks', () => {
  const gone = play([...working, { kind: 'looked', now: away }])
  expect(gone.deeds).toContainEqual({ kind: 'stop mux' })
  const quiet: AgentEvent = { kind: 'looked', now: silent }
  expect(play([...working, quiet, quiet, quiet]).deeds).not.toContainEqual({ kind: 'stop mux' })
  expect(play([...working, quiet, quiet, quiet, quiet]).deeds).toContainEqual({ kind: 'stop mux' })
})

test('a share that is another mount than when the job began stops it, and gives it back', () => {
  const { deeds, last } = play([
    ...working,
    { kind: 'looked', now: anew },
    { kind: 'muxed', outcome: { kind: 'stopped' } },
  ])
  expect(deeds).toContainEqual({ kind: 'stop mux' })
  expect(last).toMatchObject({
    report: { kind: 'release', body: { why: expect.stringContaining('mounted anew') } },
  })
})

test.each([
  ['the share is there: the job failed', fine, 'fail'],
  ['the share is away: it is not the fault of the job', away, 'release'],
])('a job fails, and %s', (_, now, kind) => {
  const { last } = play([...working, { kind: 'muxed', outcome: failure }, { kind: 'looked', now }])
  expect(last).toMatchObject({ kind: 'file', report: { kind } })
})

const kept = (starts: number): AgentEvent => ({ kind: 'started', kept: { claimed: job, starts } })

test('a job that it died of three times has failed', () => {
  expect(play([kept(3)]).last).toMatchObject({ report: { kind: 'fail' } })
})

describe('a job that it held when it was last stopped', () => {
  const asked: readonly AgentEvent[] = [kept(2), { kind: 'looked', now: fine }]
  const mux = { kind: 'mux', claimed: job }

  test('is begun when the controller says that it is still its own', () => {
    expect(play(asked).deeds.map(({ kind }) => kind)).toEqual(['look', 'heartbeat'])
    expect(play([...asked, { kind: 'heard', token, cancel: false }]).deeds).toContainEqual(mux)
  })

  test('is left alone when another has it by now', () => {
    const { deeds, last } = play([...asked, { kind: 'lease lost', token }])
    expect(deeds).not.toContainEqual(mux)
    expect(last).toEqual({ kind: 'file', report: undefined })
  })

  test('waits for a controller that is away, however long that takes', () => {
    const away: readonly AgentEvent[] = [
      { kind: 'unheard', token },
      { kind: 'rested' },
      { kind: 'looked', now: fine },
    ]
    const { state, deeds } = play([...asked, ...Array(100).fill(away).flat()])
    expect(deeds).not.toContainEqual(mux)
    expect(play([{ kind: 'heard', token, cancel: false }], state).deeds).toContainEqual(mux)
  })

  test.each([
    ['the share is away', away, 'the share is away'],
    ['it is locked', locked, 'locked: new fan'],
  ])('goes back when %s', (_, now, why) => {
    const { last } = play([kept(1), { kind: 'looked', now }])
    expect(last).toMatchObject({ report: { kind: 'release', body: { why } } })
  })
})

test('it waits longer each time that the controller is away, and a minute at most', () => {
  let { state } = play([started])
  const pauses: number[] = []
  for (let count = 0; count < 8; count += 1) {
    const { state: after, last } = play([{ kind: 'away' }], state)
    if (last?.kind === 'rest') pauses.push(last.seconds)
    state = play([{ kind: 'rested' }], after).state
  }
  expect(pauses).toEqual([2, 4, 8, 16, 32, 60, 60, 60])
})

test('a controller that wants to be asked later is left alone for as long as it says', () => {
  const later: AgentEvent = { kind: 'later', seconds: 41 }
  const asking: readonly AgentEvent[] = [...ready, { kind: 'looked', now: fine }]
  for (const before of [[started], [started, { kind: 'sent' }], asking] as const) {
    const { state, last } = play([...before, later])
    expect(last).toMatchObject({ kind: 'rest', seconds: 41, inFull: true })
    expect(last).not.toMatchObject({ why: expect.stringContaining('away') })
    // It is still known there.
    if (before === asking)
      expect(play([{ kind: 'rested' }, { kind: 'sent' }], state).last?.kind).toBe('look')
  }
  const beat = play([...working, { kind: 'unheard', token, later: 41 }])
  expect(beat.last).toEqual({ kind: 'await beat', token, seconds: 41 })
  // A proxy's wish must not cost the lease, which the second beat from now may renew just in time.
  const hour = play([...working, { kind: 'unheard', token, later: 3600 }])
  expect(hour.last).toEqual({ kind: 'await beat', token, seconds: 60 })
  const soon = play([...working, { kind: 'unheard', token, later: 2 }])
  expect(soon.last).toEqual({ kind: 'await beat', token, seconds: 30 })
  const resumed = play([
    kept(1),
    { kind: 'looked', now: fine },
    { kind: 'unheard', token, later: 41 },
  ])
  expect(resumed.last).toMatchObject({ kind: 'rest', seconds: 41, inFull: true })
})

test('a token that the controller refuses is tried again every five minutes', () => {
  const { last } = play([started, { kind: 'sent' }, { kind: 'unwelcome' }])
  expect(last).toMatchObject({ kind: 'rest', seconds: 300 })
})

test('files are tidied when there is nothing else to do, and after each job', () => {
  const idle: readonly AgentEvent[] = [{ kind: 'looked', now: fine }, { kind: 'nothing' }]
  const first = play([...ready, ...idle])
  expect(first.last).toEqual({ kind: 'tidy' })
  const later = play([{ kind: 'tidied' }, { kind: 'sent' }, ...idle], first.state)
  expect(later.last?.kind).toBe('send')
})

test('stopped at work it gives the job back before it ends', () => {
  const { deeds } = play([
    ...working,
    { kind: 'stop' },
    { kind: 'muxed', outcome: { kind: 'stopped' } },
    { kind: 'filed' },
    { kind: 'away' },
  ])
  expect(deeds.slice(-4)).toMatchObject([
    { kind: 'stop mux' },
    { kind: 'file', report: { kind: 'release' } },
    { kind: 'send', inHaste: true },
    { kind: 'exit' },
  ])
})

/** A linear congruential generator: the same walk for the same seed. */
function chance(seed: number): (below: number) => number {
  let now = seed
  return (below) => {
    now = (Math.imul(now, 1664525) + 1013904223) >>> 0
    return Math.floor((now / 2 ** 32) * below)
  }
}

/** One life of an agent in which everything is answered in any order, by any answer. */
class Walk {
  readonly #pick: (below: number) => number
  #state: AgentState = firstState
  readonly #pending: Deed[] = [{ kind: 'start' }]
  #jobs = 0
  /** Tokens that it was given, and whether it still owes an answer for them. */
  readonly #owed = new Map<string, 'owed' | 'lost'>()
  #muxing: string | undefined
  #outcome: JobOutcome['kind'] | undefined
  #stopped = false

  constructor(seed: number) {
    this.#pick = chance(seed)
  }

  run(steps: number): void {
    for (let step = 0; step < steps && !this.#isOver; step += 1) {
      expect(this.#pending.length).toBeGreaterThan(0)
      if (!this.#stopped && this.#pick(150) === 0) this.#happens({ kind: 'stop' })
      else if (this.#muxing !== undefined && this.#pick(6) === 0)
        this.#happens({ kind: 'progressed', progress: muxed.progress })
      else this.#answerOne()
    }
    this.#finish()
  }

  get #isOver(): boolean {
    return this.#state.phase.kind === 'stopped'
  }

  /** Whatever state it is in, SIGTERM ends it, with every job accounted for. */
  #finish(): void {
    if (!this.#stopped) this.#happens({ kind: 'stop' })
    for (let step = 0; !this.#isOver; step += 1) {
      expect(step).toBeLessThan(100)
      this.#answerOne()
    }
    expect(this.#muxing).toBeUndefined()
    expect([...this.#owed]).toEqual([])
  }

  #answerOne(): void {
    const [deed] = this.#pending.splice(this.#pick(this.#pending.length), 1)
    if (deed === undefined) return
    const event = this.#answerTo(deed)
    if (event === undefined) this.#pending.push(deed)
    else this.#happens(event)
  }

  #happens(event: AgentEvent): void {
    if (event.kind === 'stop') this.#stopped = true
    const isHeld = this.#muxing !== undefined || this.#state.phase.kind === 'resuming'
    if (event.kind === 'lease lost' && isHeld && this.#owed.has(event.token))
      this.#owed.set(event.token, 'lost')
    const [state, deeds] = next(this.#state, event)
    this.#state = state
    for (const deed of deeds) this.#judge(deed)
  }

  #judge(deed: Deed): void {
    switch (deed.kind) {
      case 'say':
      case 'exit':
      case 'hurry':
        return
      case 'claim':
        expect(this.#stopped).toBe(false)
        expect(this.#muxing).toBeUndefined()
        if (deed.now.state.locked !== null || deed.now.state.trouble !== null)
          expect(deed.waitSeconds).toBe(0)
        break
      case 'tidy':
      case 'register':
        expect(this.#stopped).toBe(false)
        break
      case 'mux':
        expect(this.#stopped).toBe(false)
        expect(this.#muxing).toBeUndefined()
        this.#muxing = deed.claimed.lease.token
        break
      case 'stop mux':
        expect(this.#muxing ?? this.#state.phase.kind).not.toBe('working')
        return
      case 'file':
        this.#judgeReport(deed.report)
        break
    }
    this.#pending.push(deed)
  }

  #judgeReport(report: Report | undefined): void {
    expect(this.#muxing).toBeUndefined()
    const tokens = [...this.#owed.keys()]
    expect(tokens).toHaveLength(1)
    const [token = ''] = tokens
    expect(this.#owed.get(token)).toBe(report === undefined ? 'lost' : 'owed')
    this.#owed.delete(token)
    if (report === undefined) return
    expect(report.body.token).toBe(token)
    if (report.kind === 'complete') expect(this.#outcome).toBe('done')
    if (this.#outcome === 'done') expect(report.kind).toBe('complete')
    if (report.kind === 'fail') expect(this.#outcome).toBe('failed')
  }

  #answerTo(deed: Deed): AgentEvent | undefined {
    const some = <T>(...all: T[]): T => all[this.#pick(all.length)] as T
    switch (deed.kind) {
      case 'start':
        return { kind: 'started', kept: this.#kept() }
      case 'send':
        return some<AgentEvent>(
          { kind: 'sent' },
          { kind: 'away' },
          { kind: 'later', seconds: 60 },
          { kind: 'unwelcome' },
        )
      case 'register':
        return some<AgentEvent>(
          { kind: 'registered', renewSeconds: 30 },
          { kind: 'away' },
          { kind: 'later', seconds: 60 },
          { kind: 'unwelcome' },
          { kind: 'unknown' },
        )
      case 'look':
        return { kind: 'looked', now: some(fine, fine, fine, anew, locked, away, silent) }
      case 'claim':
        return this.#claim()
      case 'tidy':
        return { kind: 'tidied' }
      case 'rest':
        return { kind: 'rested' }
      case 'mux': {
        // Mostly other things come first.
        if (this.#pick(5) > 0 && this.#pending.length > 0) return undefined
        this.#muxing = undefined
        const outcome = some<JobOutcome>(
          ...[muxed.done, failure, { kind: 'stopped' } as const, { kind: 'share lost' } as const],
        )
        this.#outcome = outcome.kind
        return { kind: 'muxed', outcome }
      }
      case 'await beat':
        return { kind: 'beat', token: deed.token }
      case 'heartbeat': {
        const { token } = deed.claimed.lease
        return some<AgentEvent>(
          { kind: 'heard', token, cancel: false },
          { kind: 'heard', token, cancel: this.#pick(4) === 0 },
          { kind: 'unheard', token, later: some(undefined, 60) },
          { kind: this.#pick(4) === 0 ? 'lease lost' : 'unheard', token },
        )
      }
      case 'file':
        return { kind: 'filed' }
      default:
        return undefined
    }
  }

  #kept(): KeptJob | undefined {
    const starts = this.#pick(5)
    if (starts === 0) return undefined
    if (starts >= 3) this.#outcome = 'failed'
    return { claimed: this.#given(), starts }
  }

  #given(): Claimed {
    this.#jobs += 1
    const claimed = claimedJob(this.#jobs)
    this.#owed.set(claimed.lease.token, 'owed')
    return claimed
  }

  #claim(): AgentEvent {
    const kind = (['claimed', 'claimed', 'nothing', 'drained', 'away', 'unknown'] as const)[
      this.#pick(6)
    ]
    if (kind !== 'claimed') return { kind: kind ?? 'nothing' }
    this.#outcome = undefined
    return { kind: 'claimed', claimed: this.#given() }
  }
}

test('in whatever order things happen, no job is lost, doubled or lied about, and it always ends', () => {
  for (let seed = 1; seed <= 300; seed += 1) new Walk(seed).run(200)
})
