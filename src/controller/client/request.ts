import { request as overHttp } from 'node:http'
import { request as overTls } from 'node:https'
import { rootCertificates, type TLSSocket } from 'node:tls'

export interface Request {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  readonly token: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** A certificate to trust beside those of the system, in PEM. */
  readonly ca: string | undefined
  readonly signal: AbortSignal
}

export interface Response {
  readonly status: number
  readonly text: string
}

/** No answer came. */
export class NoAnswer extends Error {
  /** It was sent, so that what it asks for may have been done. */
  readonly isSent: boolean
  /** Who is there does not show a certificate that is trusted. */
  readonly isUntrusted: boolean

  constructor(cause: unknown, { isSent, isUntrusted }: { isSent: boolean; isUntrusted: boolean }) {
    super('no answer', { cause })
    this.isSent = isSent
    this.isUntrusted = isUntrusted
  }
}

const timeoutMs = 30_000
/** A page of 500 jobs with all that may be in them is half of it. */
const largestMiB = 64

/** One request, one answer, or a `NoAnswer`. Redirections are not followed: the token goes to nobody else. Not `fetch`, which cannot be told whom to trust. */
export async function request(wanted: Request): Promise<Response> {
  const { method, url, token, body, headers, ca, signal } = wanted
  const text = body === undefined ? undefined : JSON.stringify(body)
  return await new Promise((resolve, reject) => {
    const isTls = url.protocol === 'https:'
    const options = {
      method,
      signal,
      agent: false,
      headers: {
        ...headers,
        authorization: `Bearer ${token}`,
        accept: 'application/json, text/plain',
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
      },
    }
    const sent = isTls
      ? overTls(url, { ...options, ...(ca && { ca: [...rootCertificates, ca] }) })
      : overHttp(url, options)
    const late = setTimeout(
      () => sent.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)),
      timeoutMs,
    )
    const fail = (error: Error): void => {
      const isUntrusted = Boolean((sent.socket as TLSSocket | null)?.authorizationError)
      reject(new NoAnswer(error, { isSent: sent.writableFinished, isUntrusted }))
    }
    sent.once('close', () => clearTimeout(late))
    sent.once('error', fail)
    sent.once('response', (response) => {
      const pieces: Buffer[] = []
      let bytes = 0
      response.on('data', (piece: Buffer) => {
        bytes += piece.length
        if (bytes <= largestMiB * 1024 ** 2) pieces.push(piece)
        else sent.destroy(new Error(`the answer is larger than ${largestMiB} MiB`))
      })
      response.once('error', fail)
      response.once('aborted', () => fail(new Error('the answer was cut off')))
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString() }),
      )
    })
    sent.end(text)
  })
}
