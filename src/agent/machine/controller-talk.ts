import type { Claimed, Heartbeat, Registration } from '../../protocol/agent-api.ts'
import type { Answer, ControllerClient, Patience } from '../controller/controller-client.ts'
import type { Outbox } from '../controller/outbox.ts'
import type { AgentEvent, Surroundings } from './agent-state.ts'
import type { SayOnce } from './say-once.ts'

export interface TalkParts {
  readonly client: ControllerClient
  readonly outbox: Outbox
  readonly troubles: SayOnce
  log(line: string): void
}

export const patienceSeconds = 15
const hastySeconds = 2

/** What the agent says to its controller, and what each answer means to it. */
export class ControllerTalk {
  readonly #parts: TalkParts

  constructor(parts: TalkParts) {
    this.#parts = parts
  }

  async send(inHaste: boolean, haste: AbortSignal): Promise<AgentEvent> {
    const { client, outbox, troubles, log } = this.#parts
    // On the way out what is under way has been hurried already.
    const signal = inHaste ? new AbortController().signal : haste
    const patience = { signal, timeoutSeconds: inHaste ? hastySeconds : patienceSeconds }
    for (const report of await outbox.reports()) {
      const answer = await client.deliver(report, patience)
      const what = `${report.kind} of job ${report.job}`
      if (answer.kind === 'away' || answer.kind === 'later') {
        if (!signal.aborted) troubles.say(`${what} is kept for later: ${answer.detail}`)
        return answer.kind === 'away' ? { kind: 'away' } : later(answer)
      }
      if (isUnwelcome(answer)) return { kind: 'unwelcome' }
      if (answer.kind === 'ok') log(`told: ${what}`)
      else log(`${what} is dropped: status ${answer.status} ${answer.detail}`)
      await outbox.delivered(report)
    }
    return { kind: 'sent' }
  }

  async register(body: Registration, signal: AbortSignal): Promise<AgentEvent> {
    const { client, troubles, log } = this.#parts
    const answer = await client.register(body, { signal, timeoutSeconds: patienceSeconds })
    if (answer.kind !== 'ok') return this.#notHeard(answer, signal)
    log(`registered as muxer ${answer.value.muxer}`)
    troubles.forget()
    return { kind: 'registered', renewSeconds: answer.value.renewSeconds }
  }

  async claim(
    { state, tmpFreeBytes }: Surroundings,
    waitSeconds: number,
    signal: AbortSignal,
  ): Promise<AgentEvent> {
    const { client, troubles, log } = this.#parts
    const why = [state.locked === null ? null : `locked: ${state.locked}`, state.trouble]
    const blocked = why.filter((each) => each !== null).join('; ')
    if (blocked !== '') troubles.say(`claims nothing: ${blocked}`)
    const patience: Patience = { signal, timeoutSeconds: patienceSeconds + waitSeconds }
    const answer = await client.claim({ state, tmpFreeBytes, waitSeconds }, patience)
    if (answer.kind === 'refused' && answer.status === 423) return { kind: 'drained' }
    if (answer.kind !== 'ok') return this.#notHeard(answer, signal)
    if (blocked === '') troubles.forget()
    if (answer.value === undefined) return { kind: 'nothing' }
    const { job, lease } = answer.value
    log(`claimed job ${job.id}, attempt ${lease.attempt}: ${job.path}`)
    return { kind: 'claimed', claimed: answer.value }
  }

  async beat({ job }: Claimed, body: Heartbeat, signal: AbortSignal): Promise<AgentEvent> {
    const { client, troubles } = this.#parts
    const { token } = body
    const answer = await client.heartbeat(job.id, body, {
      signal,
      timeoutSeconds: patienceSeconds,
    })
    if (answer.kind === 'ok') return { kind: 'heard', token, cancel: answer.value.cancel }
    // Its job is no longer this muxer's, or no longer there.
    if (answer.kind === 'refused' && [404, 409, 410].includes(answer.status))
      return { kind: 'lease lost', token }
    if (!signal.aborted) troubles.say(`no heartbeat: ${answer.detail}`)
    return { kind: 'unheard', token, later: answer.kind === 'later' ? answer.seconds : undefined }
  }

  #notHeard(answer: Exclude<Answer<unknown>, { kind: 'ok' }>, signal: AbortSignal): AgentEvent {
    const status = answer.kind === 'refused' ? `status ${answer.status} ` : ''
    // An agent that is stopped has broken it off itself.
    if (!signal.aborted) this.#parts.troubles.say(`controller: ${status}${answer.detail}`)
    if (answer.kind === 'later') return later(answer)
    if (isUnwelcome(answer)) return { kind: 'unwelcome' }
    if (answer.kind === 'refused' && answer.status === 404) return { kind: 'unknown' }
    return { kind: 'away' }
  }
}

function later({ seconds }: Extract<Answer<unknown>, { kind: 'later' }>): AgentEvent {
  return { kind: 'later', seconds }
}

function isUnwelcome(answer: Answer<unknown>): boolean {
  return answer.kind === 'refused' && (answer.status === 401 || answer.status === 403)
}
