import { isDeepStrictEqual } from 'node:util'
import type { Transaction } from 'kysely'
import type { MuxSettings } from '../../protocol/job.ts'
import type { Submission, WishPart } from '../../protocol/views.ts'
import type { Tables } from '../db/tables.ts'
import type { JobRow } from './job-view.ts'
import { Refused } from './refused.ts'
import { webhookColumn, webhooksOf } from './webhooks.ts'

export interface Joined {
  readonly job: JobRow
  readonly takenOver: readonly WishPart[]
  readonly notTakenOver: readonly WishPart[]
}

/** Whoever submits one file over and over does not make its end a flood. */
const mostWebhooks = 16

/**
 * A second submission of a live job makes it go sooner, and tells one more of its end. What is made of
 * the video, where, and not before when, stays as it was first asked for: that may be under way, and
 * whoever asked for it counts on it.
 */
export async function joinJob(
  trx: Transaction<Tables>,
  job: JobRow,
  wish: Submission,
  now: number,
): Promise<Joined> {
  if (job.cancel_requested === 1)
    throw new Refused(
      409,
      `job ${job.id} for it is being cancelled`,
      'submit it again once its muxer has stopped',
    )
  const webhooks = webhooksOf(job.webhook)
  const set = {
    ...(wish.priority > job.priority && { priority: wish.priority }),
    ...(wish.webhook !== null &&
      !webhooks.includes(wish.webhook) &&
      webhooks.length < mostWebhooks && { webhook: webhookColumn([...webhooks, wish.webhook]) }),
  }
  const takenOver = Object.keys(set) as (keyof typeof set)[]
  if (takenOver.length === 0) return { job, takenOver, notTakenOver: notTakenOver(job, wish, now) }
  const changed = await trx
    .updateTable('jobs')
    .set(set)
    .where('id', '=', job.id)
    .returningAll()
    .executeTakeFirstOrThrow()
  return { job: changed, takenOver, notTakenOver: notTakenOver(changed, wish, now) }
}

/** What of a job is not as a submission that has joined it wishes. */
export function notTakenOver(job: JobRow, wish: Submission, now: number): WishPart[] {
  const isTold = wish.webhook === null || webhooksOf(job.webhook).includes(wish.webhook)
  return [
    ...(wish.priority < job.priority ? (['priority'] as const) : []),
    ...(isTold ? [] : (['webhook'] as const)),
    ...differences(job, wish, now),
  ]
}

/** Beside priority and webhook. */
function differences(job: JobRow, wish: Submission, now: number): WishPart[] {
  const settings: MuxSettings = JSON.parse(job.settings)
  const has = (['ladder', 'segments', 'encrypt', 'onExists'] as const).map(
    (key): [WishPart, unknown, unknown] => [`settings.${key}`, settings[key], wish.settings[key]],
  )
  const facts: [WishPart, unknown, unknown][] = [
    ['path', job.path, wish.path],
    ['muxer', job.muxer, wish.muxer],
    ['needs', new Set(JSON.parse(job.needs)), new Set(wish.needs)],
    ['notBefore', startOf(job, now), later(wish.notBefore, now)],
    ...has,
  ]
  return facts.filter(([, is, wished]) => !isDeepStrictEqual(is, wished)).map(([part]) => part)
}

/** The start that was asked for, while it is still waited for. */
function startOf({ state, not_before, run_at }: JobRow, now: number): number | null {
  return state === 'queued' && not_before === run_at && run_at > now ? not_before : null
}

function later(notBefore: string | null, now: number): number | null {
  const at = notBefore === null ? now : Date.parse(notBefore)
  return at > now ? at : null
}
