import { request as overHttp } from 'node:http'
import { request as overTls } from 'node:https'

export interface Post {
  readonly url: URL
  readonly token: string
  readonly agent: string
  /** What is trusted instead of Node's own list. */
  readonly ca?: readonly string[] | undefined
  readonly body: unknown
  readonly timeoutSeconds: number
  readonly signal: AbortSignal
}

export interface Posted {
  readonly status: number
  readonly text: string
  readonly retryAfter: string | undefined
}

/** Nothing that a controller says is longer. */
const mostBytes = 1 << 20

/**
 * One request, one answer, on a connection of its own: a connection that was kept while a Pi's
 * cable was out would swallow the next request. Redirections are not followed: the token goes to
 * nobody else. Not `fetch`, which takes ten megabytes of memory to wait for a job.
 */
export async function postJson(post: Post): Promise<Posted> {
  const { url, token, agent, timeoutSeconds, signal } = post
  const body = JSON.stringify(post.body)
  return await new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? overTls : overHttp
    const sent = send(url, {
      ...(post.ca !== undefined && { ca: [...post.ca] }),
      method: 'POST',
      agent: false,
      signal,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        accept: 'application/json',
        'user-agent': `pifarm-agent/${agent}`,
      },
    })
    const late = setTimeout(
      () => sent.destroy(new Error(`no answer within ${timeoutSeconds} s`)),
      timeoutSeconds * 1000,
    )
    sent.once('close', () => clearTimeout(late))
    sent.once('error', reject)
    sent.once('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => {
        text += piece
        if (text.length > mostBytes) sent.destroy(new Error('the answer does not end'))
      })
      response.once('error', reject)
      response.once('aborted', () => reject(new Error('the answer was cut off')))
      response.once('end', () => {
        const retryAfter = response.headers['retry-after']
        resolve({ status: response.statusCode ?? 0, text, retryAfter })
      })
    })
    sent.end(body)
  })
}
