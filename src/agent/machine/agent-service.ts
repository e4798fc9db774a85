import { hostname } from 'node:os'
import type { Claimed } from '../../protocol/agent-api.ts'
import { agentVersion } from '../agent-version.ts'
import type { ControllerClient } from '../controller/controller-client.ts'
import type { Outbox } from '../controller/outbox.ts'
import type { MachineCapabilities } from '../mux/mux-order.ts'
import type { AgentSettings } from '../settings/agent-settings.ts'
import type { Board } from '../settings/board.ts'
import type { MediaShare } from '../share/media-share.ts'
import type { JobOutcome } from '../share/mux-job.ts'
import { afterBug } from './after-bug.ts'
import type { AgentEvent, Deed, KeptJob, Surroundings } from './agent-state.ts'
import { capped, knownCapabilities, toldCapabilities } from './capabilities.ts'
import type { Clock } from './clock.ts'
import { ControllerTalk } from './controller-talk.ts'
import type { Perform, Tell } from './drive.ts'
import { lookAround } from './look-around.ts'
import { muxClaimed } from './mux-claimed.ts'
import { SayOnce } from './say-once.ts'
import { tidyRound } from './tidy-round.ts'

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

/** The agent's hands: does each deed, and answers with what came of it. */
export class AgentService {
  readonly #parts: ServiceParts
  readonly #talk: ControllerTalk
  readonly #troubles: SayOnce
  #machine: MachineCapabilities = { ffmpeg: '', encoders: [], decoders: [], troubles: [] }
  #starts = 0
  /** Aborted to make what is under way answer at once. */
  #haste = new AbortController()
  #mux = new AbortController()

  constructor(parts: ServiceParts) {
    this.#parts = parts
    this.#troubles = new SayOnce(parts.log)
    this.#talk = new ControllerTalk({ ...parts, troubles: this.#troubles, log: parts.log })
  }

  readonly perform: Perform = (deed, tell) => {
    this.#do(deed, tell).then(
      (event) => {
        if (event !== undefined) tell(event)
      },
      (error: unknown) => {
        const said = error instanceof Error ? error.stack : String(error)
        this.#troubles.say(`bug: ${deed.kind}: ${said}`)
        tell(afterBug(deed))
      },
    )
  }

  async #do(deed: Deed, tell: Tell): Promise<AgentEvent | undefined> {
    const { clock, log } = this.#parts
    const haste = this.#haste.signal
    switch (deed.kind) {
      case 'start':
        return { kind: 'started', kept: await this.#start() }
      case 'send':
        return await this.#talk.send(deed.inHaste, haste)
      case 'register':
        return await this.#talk.register(this.#registration(), haste)
      case 'look':
        return { kind: 'looked', now: await this.#look() }
      case 'claim':
        return await this.#talk.claim(deed.now, deed.waitSeconds, haste)
      case 'tidy':
        await tidyRound({ ...this.#parts, signal: haste, log })
        return { kind: 'tidied' }
      case 'rest':
        this.#troubles.say(deed.why)
        // Pis that lost their controller at one moment do not come back at one moment.
        await clock.sleep(deed.seconds * ((deed.inFull ? 1 : 0.5) + clock.random()), haste)
        return { kind: 'rested' }
      case 'mux':
        return { kind: 'muxed', outcome: await this.#muxJob(deed.claimed, tell) }
      case 'await beat':
        await clock.sleep(deed.seconds, this.#mux.signal)
        return { kind: 'beat', token: deed.token }
      case 'heartbeat': {
        const { claimed, progress, now } = deed
        const body = { token: claimed.lease.token, progress, state: now.state }
        return await this.#talk.beat(claimed, body, this.#mux.signal)
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
    // A PC has none of a Pi's encoders, and does its work with another.
    const isPi = board.model.startsWith('Raspberry Pi')
    const word = !isPi && machine.encoders.length > 0 ? 'not used' : 'trouble'
    for (const trouble of machine.troubles) log(`${word}: ${trouble}`)
    const kept = await outbox.keptJob()
    this.#starts = kept?.starts ?? 0
    return kept
  }

  #registration() {
    const { settings, board } = this.#parts
    return {
      agent: agentVersion,
      hostname: hostname().slice(0, 255),
      serial: board.serial ?? '',
      model: board.model,
      ffmpeg: this.#machine.ffmpeg.slice(0, 256),
      labels: [...settings.labels],
      capabilities: toldCapabilities(this.#machine),
    }
  }

  async #look(): Promise<Surroundings> {
    const { settings, share } = this.#parts
    const { encoders, troubles } = this.#machine
    // All of them: what the Pi's own encoder has to say is seldom why libx264 failed.
    const why = troubles.join('; ') || 'ffmpeg has none'
    return await lookAround({
      share,
      lockFile: settings.lockFile,
      scratchDir: settings.stateDir,
      unable: encoders.length > 0 ? null : `no encoder works: ${why}`.slice(0, 500),
    })
  }

  async #muxJob(claimed: Claimed, tell: Tell): Promise<JobOutcome> {
    const { settings, outbox, self, log } = this.#parts
    this.#mux = new AbortController()
    this.#starts += 1
    await outbox
      .keepJob({ claimed, starts: this.#starts })
      .catch((error: Error) => log(`the job is not kept on disk: ${error.message}`))
    const { signal } = this.#mux
    const machine = this.#machine
    const outcome = await muxClaimed({ claimed, settings, machine, self, signal, tell, log })
    // No heartbeat is waited for any more.
    this.#mux.abort()
    return outcome
  }

  async #file({ report }: Extract<Deed, { kind: 'file' }>): Promise<AgentEvent> {
    const { outbox, log } = this.#parts
    if (report !== undefined && !(await outbox.file(report)))
      log(`the report of job ${report.job} is kept in memory: no room on disk`)
    // In this order: killed in between, the job is known to have ended.
    await outbox.forgetJob().catch(() => undefined)
    this.#starts = 0
    return { kind: 'filed' }
  }
}
