import * as z from 'zod'
import { UserError } from '../../errors.ts'
import {
  type JobState,
  type JobStory,
  type JobView,
  jobPage,
  jobStory,
  jobView,
  type MuxerView,
  muxerList,
  muxerView,
  type Submission,
  type Submitted,
  submitted,
} from '../../protocol/views.ts'
import { type Response, request } from './request.ts'

export interface ClientOptions {
  readonly url: string
  /** The admin token. */
  readonly token: string
  readonly ca: string | undefined
  readonly signal: AbortSignal
}

/** Not reached, or its database is away: the same again may succeed. */
export class ControllerAway extends UserError {}

const refusal = z.object({ error: z.string(), hint: z.string().optional() })

/** The controller as people see it. Its refusals are a `UserError`. */
export class ControllerClient {
  readonly #options: ClientOptions

  constructor(options: ClientOptions) {
    this.#options = options
  }

  /** The key makes the same submission, sent again, the same job. */
  async submit(wish: Submission, key: string): Promise<{ job: Submitted; isNew: boolean }> {
    const answer = await this.#send('POST', 'v1/jobs', wish, { 'idempotency-key': key })
    return { job: this.#parsed(submitted, answer), isNew: answer.status === 201 }
  }

  /** Newest first, up to `limit` of them. */
  async jobs(filter: JobFilter, limit: number): Promise<JobView[]> {
    const found: JobView[] = []
    for (let cursor: string | null | undefined; cursor !== null && found.length < limit; ) {
      const query = new URLSearchParams({ limit: String(Math.min(500, limit - found.length)) })
      for (const [key, value] of Object.entries({ ...filter, cursor }))
        if (value !== undefined) query.set(key, value)
      const page = this.#parsed(jobPage, await this.#send('GET', `v1/jobs?${query}`))
      found.push(...page.jobs)
      cursor = page.next
    }
    return found
  }

  async job(id: string): Promise<JobStory> {
    return this.#parsed(jobStory, await this.#send('GET', `v1/jobs/${id}`))
  }

  async log(id: string): Promise<string> {
    return (await this.#send('GET', `v1/jobs/${id}/log`)).text
  }

  async change(id: string, what: 'cancel' | 'retry'): Promise<JobView> {
    return this.#parsed(jobView, await this.#send('POST', `v1/jobs/${id}/${what}`, {}))
  }

  async muxers(): Promise<readonly MuxerView[]> {
    return this.#parsed(muxerList, await this.#send('GET', 'v1/muxers')).muxers
  }

  async changeMuxer(id: string, what: 'drain' | 'resume'): Promise<MuxerView> {
    return this.#parsed(muxerView, await this.#send('POST', `v1/muxers/${id}/${what}`, {}))
  }

  async #send(
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const { url, token, ca, signal } = this.#options
    // A controller may live below a path of a web server.
    const at = new URL(path, url.endsWith('/') ? url : `${url}/`)
    const answer = await request({ method, url: at, token, body, headers, ca, signal }).catch(
      (error: unknown) => {
        throw new ControllerAway(`the controller at ${url} does not answer: ${reasonOf(error)}`, {
          hint: 'is it running? systemctl status pifarm-controller; another one: --controller URL',
          cause: error,
        })
      },
    )
    if (answer.status >= 200 && answer.status < 300) return answer
    throw this.#refused(answer)
  }

  #refused({ status, text }: Response): UserError {
    const said = refusal.safeParse(jsonOf(text)).data
    const message = said?.error ?? `the controller at ${this.#options.url} answers ${status}`
    const hint = said?.hint ?? (said ? undefined : 'is this a pifarm controller?')
    const isAway = status === 429 || status >= 500
    return isAway ? new ControllerAway(message, { hint }) : new UserError(message, { hint })
  }

  #parsed<T>(schema: z.ZodType<T>, { text }: Response): T {
    const parsed = schema.safeParse(jsonOf(text))
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    throw new UserError(
      `the controller at ${this.#options.url} answers nonsense: ${issue?.path.join('.')} ${issue?.message}`,
      { hint: 'is it a pifarm controller of the same version?' },
    )
  }
}

export interface JobFilter {
  readonly state?: JobState | undefined
  readonly muxer?: string | undefined
  readonly q?: string | undefined
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function reasonOf(error: unknown): string {
  // Both address families were tried.
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ')
  return error instanceof Error ? error.message || error.name : String(error)
}
