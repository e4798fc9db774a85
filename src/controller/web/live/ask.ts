import { signal } from '@preact/signals'
import type { WishPart } from '../../../protocol/views.ts'

/** Whether the controller knows who looks at the page. */
export const session = signal<'unknown' | 'in' | 'out'>('unknown')

/** An answer that is no success, with what to do about it where the controller says so. */
export class Refusal extends Error {
  readonly status: number
  readonly hint: string | undefined
  /** Another value of this part of a submission would have let it through. */
  readonly field: WishPart | undefined

  constructor(status: number, message: string, hint?: string, field?: WishPart) {
    super(message)
    this.status = status
    this.hint = hint
    this.field = field
  }
}

const timeoutMs = 20_000

/** Asks the controller. What it answers has the shapes of src/protocol: it is our own server. */
export async function ask<T>(
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: object,
): Promise<T> {
  const response = await fetch(path, {
    method,
    // A form on another port of this host would be sent with the cookie, but cannot set a header.
    headers: {
      'x-pifarm-page': '1',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
  }).catch(() => {
    throw new Refusal(0, 'the controller does not answer', 'this page tries again by itself')
  })
  const answer = await response.json().catch(() => ({}))
  if (response.ok) return answer as T
  if (response.status === 401) session.value = 'out'
  throw new Refusal(
    response.status,
    answer.error ?? `the controller answered ${response.status}`,
    answer.hint,
    answer.field,
  )
}

export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  return new Refusal(0, error instanceof Error ? error.message : String(error))
}
