import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import type { z } from 'zod'
import { agentTokensIn } from '../../src/controller/api/agent-tokens.ts'
import { defaultRules, type Rules } from '../../src/controller/queue/queue.ts'
import { type RunningController, startController } from '../../src/controller/start-controller.ts'
import { type JobStory, jobStory, jobView, type muxerList } from '../../src/protocol/views.ts'

export const adminToken = 'test-admin-token-0123456789'

/** The controller itself on SQLite, with short leases, for muxers 7, 8 and 9. */
export class RealController {
  readonly media: string
  readonly #dir: string
  readonly #rules: Rules
  #running: RunningController | undefined
  #port = 0

  private constructor(dir: string, media: string, rules: Partial<Rules>) {
    this.#dir = dir
    this.media = media
    this.#rules = { ...defaultRules, renewSeconds: 1, tickSeconds: 1, random: () => -0.5, ...rules }
  }

  static async open(dir: string, media: string, rules: Partial<Rules> = {}) {
    const controller = new RealController(dir, media, rules)
    const lines = ['7', '8', '9'].map((muxer) => `${muxer} ${sha256(tokenOf(muxer))}\n`)
    writeFileSync(join(dir, 'agent-tokens'), lines.join(''))
    await controller.come()
    onTestFinished(() => controller.leave())
    return controller
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Comes up, and after `leave` at the same port with the same database. */
  async come(): Promise<void> {
    this.#running = await startController({
      database: { kind: 'sqlite', file: join(this.#dir, 'queue.db') },
      host: '127.0.0.1',
      port: this.#port,
      media: this.media,
      tokens: { admin: adminToken, agents: agentTokensIn(join(this.#dir, 'agent-tokens')) },
      rules: this.#rules,
      tls: undefined,
      rateLimit: 100_000,
      legacy: false,
      watchFolder: undefined,
      webhookSecret: undefined,
      say: () => {},
    })
    this.#port = Number(new URL(this.#running.address).port)
  }

  async leave(): Promise<void> {
    await this.#running?.stop()
    this.#running = undefined
  }

  async submit(job: object): Promise<string> {
    return jobView.parse(await this.#ask('POST', '/v1/jobs', job)).id
  }

  async story(id: string): Promise<JobStory> {
    return jobStory.parse(await this.#ask('GET', `/v1/jobs/${id}`))
  }

  async muxers(): Promise<z.infer<typeof muxerList>['muxers']> {
    return ((await this.#ask('GET', '/v1/muxers')) as z.infer<typeof muxerList>).muxers
  }

  async cancel(id: string): Promise<void> {
    await this.#ask('POST', `/v1/jobs/${id}/cancel`)
  }

  /** Its muxer was silent for longer than the lease. */
  async loseLease(id: string): Promise<void> {
    const queue = this.#running?.queue
    await queue?.db.kysely
      .updateTable('jobs')
      .set({ lease_until: 1 })
      .where('id', '=', Number(id))
      .execute()
  }

  /** Waits until the job is so. */
  async until(id: string, what: string, isSo: (story: JobStory) => boolean): Promise<JobStory> {
    for (let tries = 0; tries < 1200; tries++) {
      const story = await this.story(id)
      if (isSo(story)) return story
      await sleep(100)
    }
    throw new Error(`in vain: ${what}: ${JSON.stringify(await this.story(id))}`)
  }

  /** Waits until an attempt at the job has ended, however. */
  async untilTried(id: string): Promise<JobStory> {
    return await this.until(id, 'tried', ({ attempts }) =>
      attempts.some(({ outcome }) => outcome !== 'running'),
    )
  }

  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return JSON.parse(text)
  }
}

export function tokenOf(muxer: string): string {
  return `test-token-of-muxer-${muxer}-0123456789`
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
