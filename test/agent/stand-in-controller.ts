import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { z } from 'zod'
import type { Report } from '../../src/agent/machine/report.ts'
import {
  type Claim,
  type Claimed,
  claim,
  completion,
  failure,
  heartbeat,
  type Registration,
  registration,
  release,
  type Tidied,
  type TidyList,
  tidied,
} from '../../src/protocol/agent-api.ts'

export const standInToken = 'test-token-of-muxer-7-0123456789'

/** What it does instead of answering. */
export type Fault = 'none' | '429' | '500' | 'garbage' | 'silence' | 'cut off' | '401' | 'redirect'

/**
 * The controller's side of the agents' protocol, in one process with the test: real HTTP, every
 * body parsed by the protocol's own schemas, leases fenced by their tokens.
 */
export class StandInController {
  /** Waiting to be claimed. */
  readonly queue: Claimed[] = []
  readonly registrations: Registration[] = []
  readonly claims: Claim[] = []
  readonly heartbeats: z.infer<typeof heartbeat>[] = []
  readonly reports: Report[] = []
  readonly tidied: (Tidied & { id: string })[] = []
  tidyFiles: TidyList['files'] = []
  /** When somebody was told to ask again a second later. */
  readonly turnedAway: number[] = []
  /** What came that the protocol does not know. */
  readonly nonsense: string[] = []
  fault: Fault = 'none'
  cancel = false
  drained = false
  renewSeconds = 1
  /** However long a claim would wait. */
  mostWaitSeconds = 2
  readonly #leases = new Map<string, string>()
  readonly #lost = new Set<string>()
  #server: Server | undefined
  #port = 0
  readonly #changed = new Set<() => void>()

  get url(): string {
    return `http://127.0.0.1:${this.#port}/farm/`
  }

  /** Comes up, and after `leave` at the same port again. */
  async come(): Promise<void> {
    const server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        this.nonsense.push(String(error))
        response.writeHead(500).end()
      })
    })
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve))
    this.#server = server
    this.#port = (server.address() as AddressInfo).port
  }

  async leave(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    server?.closeAllConnections()
    await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined))
  }

  /** Another muxer has the job now. */
  loseLease(token: string): void {
    this.#lost.add(token)
  }

  /** Waits until something that was told makes it so. */
  async until(what: string, isSo: () => boolean, seconds = 45): Promise<void> {
    const ends = Date.now() + seconds * 1000
    while (!isSo()) {
      if (Date.now() > ends) throw new Error(`it was waited for in vain: ${what}`)
      await new Promise<void>((resolve) => {
        const go = () => {
          this.#changed.delete(go)
          clearTimeout(timer)
          resolve()
        }
        const timer = setTimeout(go, 200)
        this.#changed.add(go)
      })
    }
  }

  #note(): void {
    for (const go of [...this.#changed]) go()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await textOf(request)
    if (this.#isFaulty(response)) return
    if (request.headers.authorization !== `Bearer ${standInToken}`) return end(response, 401)
    const path = request.url ?? ''
    const value: unknown = JSON.parse(body)
    const muxer = /^\/farm\/v1\/muxers\/7\/(register|claim|tidy\/claim)$/.exec(path)?.[1]
    const [, job = '', verb = ''] = /^\/farm\/v1\/jobs\/([0-9a-z]+)\/(\w+)$/.exec(path) ?? []
    const [, tidyId] = /^\/farm\/v1\/tidy\/([0-9a-z]+)\/complete$/.exec(path) ?? []
    if (muxer === 'register') this.#register(registration.parse(value), response)
    else if (muxer === 'claim') this.#claim(claim.parse(value), request, response)
    else if (muxer === 'tidy/claim') end(response, 200, { files: this.tidyFiles.splice(0) })
    else if (tidyId !== undefined) {
      this.tidied.push({ id: tidyId, ...tidied.parse(value) })
      end(response, 200, {})
    } else if (job !== '') this.#ofJob(job, verb, value, response)
    else {
      this.nonsense.push(path)
      end(response, 404)
    }
    this.#note()
  }

  #isFaulty(response: ServerResponse): boolean {
    switch (this.fault) {
      case 'none':
        return false
      case '429':
        this.turnedAway.push(Date.now())
        response.writeHead(429, { 'retry-after': '1' })
        response.end('{"error":"too many requests"}')
        return true
      case '500':
        end(response, 500)
        return true
      case '401':
        end(response, 401)
        return true
      case 'garbage':
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html>It works!</html>')
        return true
      case 'redirect':
        response.writeHead(307, { location: 'http://127.0.0.1:9/' }).end()
        return true
      case 'cut off':
        response.writeHead(200, { 'content-length': 1000 })
        response.write('{"leaseSeconds":')
        response.destroy()
        return true
      case 'silence':
        return true
    }
  }

  #register(body: Registration, response: ServerResponse): void {
    this.registrations.push(body)
    end(response, 200, { leaseSeconds: 120, renewSeconds: this.renewSeconds, muxer: '7' })
  }

  #claim(body: Claim, request: IncomingMessage, response: ServerResponse): void {
    this.claims.push(body)
    if (this.drained) {
      end(response, 423)
      return
    }
    const give = () => {
      const next = body.waitSeconds > 0 ? this.queue.shift() : undefined
      if (next === undefined) return false
      this.#leases.set(next.job.id, next.lease.token)
      end(response, 200, next)
      return true
    }
    if (give()) return
    const wait = setInterval(() => {
      if (this.drained || give()) clearInterval(wait)
    }, 20)
    const over = setTimeout(
      () => end(response, 204),
      Math.min(body.waitSeconds, this.mostWaitSeconds) * 1000,
    )
    response.once('close', () => {
      clearInterval(wait)
      clearTimeout(over)
    })
    request.socket.once('close', () => clearInterval(wait))
  }

  #ofJob(job: string, verb: string, value: unknown, response: ServerResponse): void {
    const { token } = value as { token: string }
    if (this.#leases.get(job) !== token || this.#lost.has(token)) {
      end(response, 409)
      return
    }
    if (verb === 'heartbeat') {
      this.heartbeats.push(heartbeat.parse(value))
      const { cancel, drained } = this
      end(response, 200, { leaseSeconds: 120, cancel, drain: drained })
      return
    }
    if (verb === 'complete') this.reports.push({ kind: verb, job, body: completion.parse(value) })
    else if (verb === 'fail') this.reports.push({ kind: verb, job, body: failure.parse(value) })
    else if (verb === 'release') this.reports.push({ kind: verb, job, body: release.parse(value) })
    else throw new Error(`no such word: ${verb}`)
    end(response, 200, {})
  }
}

function end(response: ServerResponse, status: number, body?: unknown): void {
  if (body === undefined) response.writeHead(status).end()
  else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const piece of request.setEncoding('utf8')) text += piece
  return text
}
