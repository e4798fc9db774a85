import { setTimeout as sleep } from 'node:timers/promises'
import type { Claimed } from '../../src/protocol/agent-api.ts'
import type { JobStory } from '../../src/protocol/views.ts'
import { adminToken } from './controller-here.ts'
import { idle, progress, registration, resultFor } from './played-agent.ts'

/** What controllers have acknowledged, and where they broke their word. */
export interface Ledger {
  answers: number
  readonly submitted: Set<string>
  /** The token that completed each job. */
  readonly completed: Map<string, string>
  readonly faults: string[]
}

export function newLedger(): Ledger {
  return { answers: 0, submitted: new Set(), completed: new Map(), faults: [] }
}

export type Farmhand = ReturnType<typeof farmhand>

/**
 * An agent, and a person who gives it work, before a controller that is killed again and again:
 * whoever gets no answer asks again, as the real one does, and each answer is held against what was
 * acknowledged before. `urlOf` is asked anew after each failure.
 */
export function farmhand(urlOf: () => string, id: string, token: string, ledger: Ledger) {
  let url = urlOf()
  let jobs = 0

  async function ask(method: string, path: string, body: unknown, as: string) {
    for (let tries = 0; ; tries++) {
      try {
        const answer = await fetch(new URL(path, url), {
          method,
          headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        })
        const text = await answer.text()
        if (answer.status < 500) {
          ledger.answers++
          return { status: answer.status, json: text === '' ? undefined : JSON.parse(text) }
        }
        if (answer.status === 500) ledger.faults.push(`${method} ${path}: ${text}`)
      } catch (error) {
        if (tries === 6000) throw error
        url = urlOf()
      }
      await sleep(20)
    }
  }
  const post = (path: string, body: unknown) => ask('POST', path, body, token)
  const people = (method: string, path: string, body?: unknown) =>
    ask(method, path, body, adminToken)

  const hand = {
    people,
    register: () => post(`/v1/muxers/${id}/register`, registration),
    story: async (job: string): Promise<JobStory> =>
      (await people('GET', `/v1/jobs/${job}`)).json as JobStory,
    until: async (look: () => Promise<boolean>): Promise<void> => {
      for (let tries = 0; !(await look()); tries++) {
        if (tries === 10_000) throw new Error('it never came')
        await sleep(20)
      }
    },
    submit: async (path: string): Promise<void> => {
      const dedupeKey = `${id}-${++jobs}`
      const { status, json } = await people('POST', '/v1/jobs', { path, dedupeKey })
      if (status === 200 || status === 201) ledger.submitted.add(json.id)
      else ledger.faults.push(`submit: ${status} ${JSON.stringify(json)}`)
    },
    claim: async (waitSeconds: number): Promise<Claimed | undefined> => {
      const said = { state: idle, tmpFreeBytes: 1, waitSeconds }
      const { status, json } = await post(`/v1/muxers/${id}/claim`, said)
      if (status !== 200) return undefined
      const claimed = json as Claimed
      if (ledger.completed.has(claimed.job.id))
        ledger.faults.push(`job ${claimed.job.id} was completed and is handed out again`)
      return claimed
    },
    heartbeat: async ({ job, lease }: Claimed, percent = 40): Promise<number> => {
      const body = { token: lease.token, progress: { ...progress, percent }, state: idle }
      return (await post(`/v1/jobs/${job.id}/heartbeat`, body)).status
    },
    complete: async ({ job, lease }: Claimed): Promise<void> => {
      const body = { token: lease.token, result: resultFor(job.path) }
      const { status } = await post(`/v1/jobs/${job.id}/complete`, body)
      if (status !== 200) return
      const before = ledger.completed.get(job.id)
      if (before !== undefined && before !== lease.token)
        ledger.faults.push(`job ${job.id} was completed under two leases`)
      ledger.completed.set(job.id, lease.token)
    },
    /** Gives itself a job, takes the next, tells how far it is, ends it; over and over. */
    work: async (enough: AbortSignal): Promise<void> => {
      await hand.register()
      while (!enough.aborted) {
        await hand.submit(`v${jobs % 10}.mp4`)
        const claimed = await hand.claim(1)
        // Three leases that it never heard of have expired.
        if (claimed === undefined) {
          await people('POST', `/v1/muxers/${id}/resume`, {})
          continue
        }
        await heartbeat(claimed)
        await hand.complete(claimed)
      }
    },
    /** Ends what is left: jobs whose claim was never answered come back when their lease is over. */
    finish: async (): Promise<void> => {
      const open = async () => {
        const states = ['queued', 'leased', 'dead'].map((state) =>
          people('GET', `/v1/jobs?state=${state}&limit=500`),
        )
        return (await Promise.all(states)).flatMap(({ json }) => json.jobs)
      }
      for (let left = await open(); left.length > 0; left = await open()) {
        // After a lease that expired there is a pause, and three in a row set a muxer aside.
        for (const { id: job, state } of left)
          if (state !== 'leased') await people('POST', `/v1/jobs/${job}/retry`, {})
        await people('POST', `/v1/muxers/${id}/resume`, {})
        for (
          let claimed = await hand.claim(1);
          claimed !== undefined;
          claimed = await hand.claim(1)
        )
          await hand.complete(claimed)
      }
    },
  }

  /** What was heard is there: nobody else tells of a job while the lease is this one's. */
  async function heartbeat(claimed: Claimed): Promise<void> {
    const percent = Math.floor(Math.random() * 100)
    if ((await hand.heartbeat(claimed, percent)) !== 200) return
    const { job } = await hand.story(claimed.job.id)
    if (job.state === 'leased' && job.leasedBy === id && job.progress?.percent !== percent)
      ledger.faults.push(`job ${job.id}: ${percent} % was heard, and is not there`)
  }

  return hand
}
