import * as z from 'zod'
import { exitCodes, UserError } from '../../errors.ts'
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
  type Retried,
  retried,
  type Submission,
  type Submitted,
  submitted,
  type WishPart,
  wishParts,
} from '../../protocol/views.ts'
import { speaksNoTls, whyNoAnswer } from '../../protocol/why-no-answer.ts'
import { NoAnswer, type Response, request } from './request.ts'

export interface ClientOptions {
  readonly url: string
  /** The admin token. */
  readonly token: string
  readonly ca: string | undefined
  readonly signal: AbortSignal
  /** What to do when nobody answers. */
  readonly ifAway: string
  /** Makes what somebody else says one line without commands to a terminal. */
  readonly visible: (text: string) => string
}

/** Not reached, or its database is away: the same again may succeed. */
export class ControllerAway extends UserError {
  /** `mayBeDone`: nobody knows whether what was asked for was done. */
  constructor(message: string, details: { hint: string | undefined; mayBeDone: boolean }) {
    const { mayBeDone, hint } = details
    super(mayBeDone ? `${message}; whether it has done this is not known` : message, {
      hint,
      exitCode: mayBeDone ? exitCodes.needsHands : exitCodes.putBack,
    })
  }
}

/** Its own 503 comes before anything is done; of these nobody knows. */
const failedHalfway = [500, 502, 504]

const refusal = z.object({
  error: z.string(),
  hint: z.string().optional(),
  field: z.enum(wishParts).optional().catch(undefined),
})

/** Another value of this field would have let it through. */
export class FieldRefused extends UserError {
  readonly field: WishPart

  constructor(message: string, hint: string | undefined, field: WishPart) {
    super(message, { hint })
    this.field = field
  }
}

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
      cursor = page.jobs.length === 0 ? null : page.next
    }
    return found
  }

  async job(id: string): Promise<JobStory> {
    return this.#parsed(jobStory, await this.#send('GET', `v1/jobs/${id}`))
  }

  async log(id: string): Promise<string> {
    return (await this.#send('GET', `v1/jobs/${id}/log`)).text
  }

  async cancel(id: string): Promise<JobView> {
    return this.#parsed(jobView, await this.#send('POST', `v1/jobs/${id}/cancel`, {}))
  }

  async retry(id: string): Promise<Retried> {
    return this.#parsed(retried, await this.#send('POST', `v1/jobs/${id}/retry`, {}))
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
        throw error instanceof NoAnswer ? this.#unanswered(error, method, at) : error
      },
    )
    if (answer.status >= 200 && answer.status < 300) return answer
    throw this.#refused(answer, method)
  }

  #unanswered({ cause, isSent, isUntrusted }: NoAnswer, method: string, at: URL): UserError {
    const { url, ifAway } = this.#options
    const why = whyNoAnswer(cause, at)
    if (isUntrusted)
      return new UserError(`the certificate of the controller at ${url} is not trusted: ${why}`, {
        hint: 'name it, or that of whoever signed it, with --ca FILE, and ask by a name that stands in it',
        cause,
      })
    const message = `the controller at ${url} does not answer: ${why}`
    if (speaksNoTls(cause)) return new UserError(message, { hint: 'see --controller', cause })
    return new ControllerAway(message, {
      hint: ifAway,
      mayBeDone: isSent && method !== 'GET',
    })
  }

  #refused({ status, text }: Response, method: string): UserError {
    const { url, visible } = this.#options
    const said = refusal.safeParse(jsonOf(text)).data
    // Whoever answers may be anybody, and what he says must not pass for lines of ours.
    const message = said ? visible(said.error) : `the controller at ${url} answers ${status}`
    const hint = said ? said.hint && visible(said.hint) : 'is this a pifarm controller?'
    if (said?.field !== undefined) return new FieldRefused(message, hint, said.field)
    if (status !== 429 && status < 500) return new UserError(message, { hint })
    const mayBeDone = failedHalfway.includes(status) && method !== 'GET'
    return new ControllerAway(message, { hint, mayBeDone })
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
