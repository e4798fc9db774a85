import { z } from 'zod'
import {
  type Claim,
  type Claimed,
  claimed,
  type Heard,
  type Heartbeat,
  heard,
  type Registration,
  registered,
  type Tidied,
  type TidyList,
  tidyList,
} from '../../protocol/agent-api.ts'
import { whyNoAnswer } from '../../protocol/why-no-answer.ts'
import type { Report } from '../machine/report.ts'
import { type Posted, postJson } from './post-json.ts'

/** What came of a request. */
export type Answer<T> =
  | { readonly kind: 'ok'; readonly value: T }
  /** Understood and refused; the same again would be refused again. */
  | { readonly kind: 'refused'; readonly status: number; readonly detail: string }
  /** Asked too often: when it wants to be asked again. */
  | { readonly kind: 'later'; readonly seconds: number; readonly detail: string }
  /** Not reached, broken, or not a controller: worth another try. */
  | { readonly kind: 'away'; readonly detail: string }

export interface ControllerOptions {
  /** One, or several that share a queue. */
  readonly urls: readonly string[]
  readonly ca?: readonly string[] | undefined
  readonly token: string
  readonly muxid: string
  readonly agent: string
}

export interface Patience {
  readonly signal: AbortSignal
  readonly timeoutSeconds: number
}

/** The page of some other server is no sign that a report was heard. */
const acknowledged = z.object({})

const refusal = z.object({ error: z.string().max(300) })

/** Where it is asked too often and does not say for how long; no answer keeps a Pi idle for longer than an hour. */
const usualWaitSeconds = 30
const longestWaitSeconds = 3600

/** The controller as this muxer sees it. Nothing that it says is believed before it was parsed. */
export class ControllerClient {
  readonly #options: ControllerOptions
  /** Which of them is asked. */
  #at = 0

  constructor(options: ControllerOptions) {
    this.#options = options
  }

  async register(body: Registration, patience: Patience) {
    return await this.#post(this.#ofMuxer('register'), body, patience, registered)
  }

  /** Undefined: there is no job. */
  async claim(body: Claim, patience: Patience): Promise<Answer<Claimed | undefined>> {
    return await this.#post(this.#ofMuxer('claim'), body, patience, claimed.optional())
  }

  async heartbeat(job: string, body: Heartbeat, patience: Patience): Promise<Answer<Heard>> {
    return await this.#post(`v1/jobs/${job}/heartbeat`, body, patience, heard)
  }

  async deliver({ kind, job, body }: Report, patience: Patience): Promise<Answer<unknown>> {
    return await this.#post(`v1/jobs/${job}/${kind}`, body, patience, acknowledged)
  }

  async tidyList(patience: Patience): Promise<Answer<TidyList>> {
    return await this.#post(this.#ofMuxer('tidy/claim'), {}, patience, tidyList)
  }

  async tidied(id: string, body: Tidied, patience: Patience): Promise<Answer<unknown>> {
    return await this.#post(`v1/tidy/${id}/complete`, body, patience, acknowledged)
  }

  #ofMuxer(what: string): string {
    return `v1/muxers/${this.#options.muxid}/${what}`
  }

  async #post<T>(
    path: string,
    body: unknown,
    patience: Patience,
    schema: z.ZodType<T>,
  ): Promise<Answer<T>> {
    const { urls, token, agent, ca } = this.#options
    const asked = this.#at
    const base = urls[asked % urls.length] ?? ''
    // A controller may live below a path of a web server.
    const url = new URL(path, base.endsWith('/') ? base : `${base}/`)
    const answer = await postJson({ url, token, agent, ca, body, ...patience })
      .then((posted) => understand(posted, schema))
      .catch((error): Answer<T> => ({ kind: 'away', detail: whyNoAnswer(error, url) }))
    // Unless another request has turned to the next one in the meantime.
    if (answer.kind === 'away' && this.#at === asked) this.#at++
    return answer
  }
}

function understand<T>({ status, text, retryAfter }: Posted, schema: z.ZodType<T>): Answer<T> {
  if (status === 429) {
    const said = refusal.safeParse(jsonOf(text)).data?.error ?? 'asked too often'
    return { kind: 'later', seconds: waitIn(retryAfter), detail: `status 429 ${said}` }
  }
  if (status === 408 || status === 425 || status >= 500)
    return { kind: 'away', detail: `it answers with status ${status}` }
  if (status >= 400) return { kind: 'refused', status, detail: text.slice(0, 300) }
  if (status !== 200 && status !== 204)
    return { kind: 'away', detail: `it answers with status ${status}: is this a controller?` }
  const parsed = schema.safeParse(status === 204 ? undefined : jsonOf(text))
  if (parsed.success) return { kind: 'ok', value: parsed.data }
  const [issue] = parsed.error.issues
  const where = issue?.path.join('.') || 'the answer'
  return { kind: 'away', detail: `it answers nonsense: ${where}: ${issue?.message}` }
}

/** Of Retry-After only the seconds: a Pi has no clock for its other form. */
function waitIn(retryAfter = ''): number {
  return /^\d{1,9}$/.test(retryAfter)
    ? Math.min(longestWaitSeconds, Math.max(1, Number(retryAfter)))
    : usualWaitSeconds
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
