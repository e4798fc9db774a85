import { hostname } from 'node:os'
import type { Claimed, Heartbeat, TidyList } from '../../protocol/agent-api.ts'
import { agentVersion } from '../agent-version.ts'
import type { Answer, ControllerClient } from '../controller/controller-client.ts'
import type { Outbox } from '../controller/outbox.ts'
import type { MachineCapabilities, MuxOutcome } from '../mux/mux-order.ts'
import type { AgentSettings } from '../settings/agent-settings.ts'
import type { Board } from '../settings/board.ts'
import type { MediaShare } from '../share/media-share.ts'
import { runShareChild } from '../share/share-child.ts'
import type { ShareWord } from '../share/share-work.ts'
import type { AgentEvent, Deed, KeptJob, Surroundings } from './agent-state.ts'
import { capped, knownCapabilities, toldCapabilities } from './capabilities.ts'
import type { Clock } from './clock.ts'
import type { Perform } from './drive.ts'
import { lookAround } from './look-around.ts'

export interface ServiceParts {
  readonly settings: AgentSettings
  readonly board: Board
  readonly client: ControllerClient
  readonly outbox: Outbox
  readonly share: Pick<MediaShare, 'look'>
  readonly clock: Clock
  /** What starts this agent once more. */
  readonly self: readonly string[]
  log(line: string): void
}

const patienceSeconds = 15
const hastySeconds = 2
const tidySeconds = 600

/** The agent's hands: does each deed, and answers with what came of it. */
export class AgentService {
  readonly #parts: ServiceParts
  #machine: MachineCapabilities = { ffmpeg: '', encoders: [], decoders: [], troubles: [] }
  #starts = 0
  /** Aborted to make what is under way answer at once. */
  #haste = new AbortController()
  #mux = new AbortController()
  readonly #said = new Set<string>()

  constructor(parts: ServiceParts) {
    this.#parts = parts
  }

  readonly perform: Perform = (deed, tell) => {
    this.#do(deed, tell).then(
      (event) => {
        if (event !== undefined) tell(event)
      },
      (error: unknown) => {
        this.#say(`bug: ${deed.kind}: ${error instanceof Error ? error.stack : String(error)}`)
        tell(afterBug(deed))
      },
    )
  }

  async #do(deed: Deed, tell: (event: AgentEvent) => void): Promise<AgentEvent | undefined> {
    const { clock, log } = this.#parts
    switch (deed.kind) {
      case 'start':
        return { kind: 'started', kept: await this.#start() }
      case 'send':
        return await this.#send(deed.inHaste)
      case 'register':
        return await this.#register()
      case 'look':
        return { kind: 'looked', now: await this.#look() }
      case 'claim':
        return await this.#claim(deed.now, deed.waitSeconds)
      case 'tidy':
        await this.#tidy()
        return { kind: 'tidied' }
      case 'rest':
        this.#say(deed.why)
        // Pis that lost their controller at one moment do not come back at one moment.
        await clock.sleep(deed.seconds * (0.5 + clock.random()), this.#haste.signal)
        return { kind: 'rested' }
      case 'mux':
        return { kind: 'muxed', outcome: await this.#muxJob(deed.claimed, tell) }
      case 'await beat':
        await clock.sleep(deed.seconds, this.#mux.signal)
        return { kind: 'beat', token: deed.token }
      case 'heartbeat': {
        const { claimed, progress, now } = deed
        const { token } = claimed.lease
        return await this.#beat(claimed, { token, progress, state: now.state })
      }
      case 'file':
        return await this.#file(deed)
      case 'hurry':
        this.#haste.abort()
        return undefined
      case 'stop mux':
        this.#mux.abort()
        return undefined
      case 'say':
        log(deed.line)
        return undefined
      case 'exit':
        return undefined
    }
  }

  async #start(): Promise<KeptJob | undefined> {
    const { settings, board, outbox, self, log } = this.#parts
    const { stateDir, hardwareDecoding } = settings
    const machine = await knownCapabilities({
      stateDir,
      hardwareDecoding,
      serial: board.serial,
      self,
    })
    this.#machine = capped(machine, settings.maxSide)
    log(`encoders that work: ${machine.encoders.map(({ name }) => name).join(', ') || 'none'}`)
    for (const trouble of machine.troubles) log(`trouble: ${trouble}`)
    const kept = await outbox.keptJob()
    this.#starts = kept?.starts ?? 0
    return kept
  }

  async #send(inHaste: boolean): Promise<AgentEvent> {
    const { client, outbox, log } = this.#parts
    for (const report of await outbox.reports()) {
      const patience = {
        // On the way out what is under way has been hurried already.
        signal: inHaste ? new AbortController().signal : this.#haste.signal,
        timeoutSeconds: inHaste ? hastySeconds : patienceSeconds,
      }
      const answer = await client.deliver(report, patience)
      const what = `${report.kind} of job ${report.job}`
      if (answer.kind === 'away') {
        this.#say(`${what} is kept for later: ${answer.detail}`)
        return { kind: 'away' }
      }
      if (isUnwelcome(answer)) return { kind: 'unwelcome' }
      if (answer.kind === 'ok') log(`told: ${what}`)
      else log(`${what} is dropped: status ${answer.status} ${answer.detail}`)
      await outbox.delivered(report)
    }
    return { kind: 'sent' }
  }

  async #register(): Promise<AgentEvent> {
    const { client, settings, board, log } = this.#parts
    const answer = await client.register(
      {
        agent: agentVersion,
        hostname: hostname().slice(0, 255),
        serial: board.serial ?? '',
        model: board.model,
        ffmpeg: this.#machine.ffmpeg.slice(0, 256),
        labels: [...settings.labels],
        capabilities: toldCapabilities(this.#machine),
      },
      this.#patience(),
    )
    if (answer.kind !== 'ok') return this.#notHeard(answer)
    log(`registered as muxer ${answer.value.muxer}`)
    this.#said.clear()
    return { kind: 'registered', renewSeconds: answer.value.renewSeconds }
  }

  async #look(): Promise<Surroundings> {
    const { settings, share } = this.#parts
    const [trouble = 'ffmpeg has none'] = this.#machine.troubles
    return await lookAround({
      share,
      lockFile: settings.lockFile,
      scratchDir: settings.stateDir,
      unable: this.#machine.encoders.length > 0 ? null : `no encoder works: ${trouble}`,
    })
  }

  async #claim(now: Surroundings, waitSeconds: number): Promise<AgentEvent> {
    const { client, log } = this.#parts
    const { state, tmpFreeBytes } = now
    const why = [state.locked === null ? null : `locked: ${state.locked}`, state.trouble]
    const blocked = why.filter((each) => each !== null).join('; ')
    if (blocked !== '') this.#say(`claims nothing: ${blocked}`)
    const patience = { ...this.#patience(), timeoutSeconds: patienceSeconds + waitSeconds }
    const answer = await client.claim({ state, tmpFreeBytes, waitSeconds }, patience)
    if (answer.kind === 'refused' && answer.status === 423) return { kind: 'drained' }
    if (answer.kind !== 'ok') return this.#notHeard(answer)
    if (blocked === '') this.#said.clear()
    if (answer.value === undefined) return { kind: 'nothing' }
    const { job, lease } = answer.value
    log(`claimed job ${job.id}, attempt ${lease.attempt}: ${job.path}`)
    this.#starts = 0
    return { kind: 'claimed', claimed: answer.value }
  }

  async #muxJob(claimed: Claimed, tell: (event: AgentEvent) => void): Promise<MuxOutcome> {
    const { settings, outbox, self, log } = this.#parts
    this.#mux = new AbortController()
    this.#starts += 1
    await outbox
      .keepJob({ claimed, starts: this.#starts })
      .catch((error: Error) => log(`the job is not kept on disk: ${error.message}`))
    let outcome: MuxOutcome | undefined
    const { job } = claimed
    const why = await runShareChild({
      order: {
        kind: 'mux',
        job: {
          jobId: job.id,
          path: job.path,
          settings: job.settings,
          mediaDir: settings.mediaDir,
          scratch: settings.scratchDir,
          stableSeconds: settings.stableSeconds,
          machine: this.#machine,
        },
      },
      signal: this.#mux.signal,
      self,
      hear: (word) => {
        if (word.kind === 'log') log(`job ${job.id}: ${word.line}`)
        if (word.kind === 'progress') tell({ kind: 'progressed', progress: word.progress })
        if (word.kind === 'muxed') outcome = word.outcome
      },
    })
    const ended = outcome ?? (this.#mux.signal.aborted ? { kind: 'stopped' } : died(why))
    log(
      `job ${job.id}: ${ended.kind}${ended.kind === 'failed' ? `: ${ended.reason}: ${ended.detail}` : ''}`,
    )
    // No heartbeat is waited for any more.
    this.#mux.abort()
    return ended
  }

  async #beat({ job }: Claimed, body: Heartbeat): Promise<AgentEvent> {
    const { token } = body
    const answer = await this.#parts.client.heartbeat(job.id, body, {
      signal: this.#mux.signal,
      timeoutSeconds: patienceSeconds,
    })
    if (answer.kind === 'ok') return { kind: 'heard', token, cancel: answer.value.cancel }
    // Its job is no longer this muxer's, or no longer there.
    if (answer.kind === 'refused' && [404, 409, 410].includes(answer.status))
      return { kind: 'lease lost', token }
    if (!this.#mux.signal.aborted) this.#say(`no heartbeat: ${answer.detail}`)
    return { kind: 'unheard', token }
  }

  async #tidy(): Promise<void> {
    const { client, settings, clock, self, log } = this.#parts
    const answer = await client.tidyList(this.#patience())
    if (answer.kind !== 'ok' || answer.value.files.length === 0) return
    const { mediaDir, originalsDir } = settings
    const done: Extract<ShareWord, { kind: 'tidied' }>[] = []
    const tooLong = new AbortController()
    const hurry = () => tooLong.abort()
    this.#haste.signal.addEventListener('abort', hurry, { once: true })
    const over = new AbortController()
    void clock.sleep(tidySeconds, over.signal).then(hurry)
    await runShareChild({
      order: { kind: 'tidy', places: { mediaDir, originalsDir }, files: answer.value.files },
      signal: tooLong.signal,
      self,
      hear: (word) => {
        if (word.kind === 'tidied') done.push(word)
      },
    })
    over.abort()
    this.#haste.signal.removeEventListener('abort', hurry)
    for (const { id, tidied } of done) {
      log(`tidied ${pathOf(answer.value, id)}: ${tidied.outcome} ${tidied.detail}`.trim())
      await client.tidied(id, tidied, this.#patience())
    }
  }

  async #file({ report }: Extract<Deed, { kind: 'file' }>): Promise<AgentEvent> {
    const { outbox, log } = this.#parts
    if (report !== undefined && !(await outbox.file(report)))
      log(`the report of job ${report.job} is kept in memory: no room on disk`)
    // In this order: killed in between, the job is known to have ended.
    await outbox.forgetJob().catch(() => undefined)
    return { kind: 'filed' }
  }

  #patience() {
    return { signal: this.#haste.signal, timeoutSeconds: patienceSeconds }
  }

  #notHeard(answer: Exclude<Answer<unknown>, { kind: 'ok' }>): AgentEvent {
    this.#say(
      `controller: ${answer.kind === 'refused' ? `status ${answer.status} ` : ''}${answer.detail}`,
    )
    if (isUnwelcome(answer)) return { kind: 'unwelcome' }
    if (answer.kind === 'refused' && answer.status === 404) return { kind: 'unknown' }
    return { kind: 'away' }
  }

  /** What stays as it is, is said once. */
  #say(line: string): void {
    if (this.#said.has(line)) return
    if (this.#said.size > 50) this.#said.clear()
    this.#said.add(line)
    this.#parts.log(line)
  }
}

function isUnwelcome(answer: Answer<unknown>): boolean {
  return answer.kind === 'refused' && (answer.status === 401 || answer.status === 403)
}

function died(why: string | undefined): MuxOutcome {
  return {
    kind: 'failed',
    reason: 'FFmpegErr',
    retryable: true,
    detail: `the process that works on the share ended by ${why ?? 'itself, without a word'}`.slice(
      0,
      4000,
    ),
    argv: [],
    logTail: '',
  }
}

function pathOf({ files }: TidyList, id: string): string {
  return files.find((file) => file.id === id)?.path ?? id
}

/** The agent goes on as after a failure that it knows. */
function afterBug(deed: Deed): AgentEvent {
  switch (deed.kind) {
    case 'start':
      return { kind: 'started', kept: undefined }
    case 'look':
      return { kind: 'looked', now: blind }
    case 'rest':
      return { kind: 'rested' }
    case 'tidy':
      return { kind: 'tidied' }
    case 'mux':
      return { kind: 'muxed', outcome: died('a bug of the agent') }
    case 'await beat':
      return { kind: 'beat', token: deed.token }
    case 'heartbeat':
      return { kind: 'unheard', token: deed.claimed.lease.token }
    case 'file':
      return { kind: 'filed' }
    default:
      return { kind: 'away' }
  }
}

const blind: Surroundings = {
  state: { locked: null, trouble: 'the agent cannot look around', celsius: null, throttled: null },
  tmpFreeBytes: 0,
  share: 'fine',
}
