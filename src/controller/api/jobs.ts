import type { FastifyInstance } from 'fastify'
import * as z from 'zod'
import { muxerId } from '../../protocol/job.ts'
import {
  jobPage,
  jobState,
  jobStory,
  jobView,
  retried,
  type Submission,
  type Submitted,
  submission,
  submitted,
  upcoming,
} from '../../protocol/views.ts'
import type { MediaDir } from '../media-dir.ts'
import { cancel, retry, setPriority } from '../queue/change-job.ts'
import { findJobs, jobStory as storyOf } from '../queue/find-jobs.ts'
import { knownBy } from '../queue/idempotency.ts'
import { jobView as viewOf } from '../queue/job-view.ts'
import type { Joined } from '../queue/join-job.ts'
import { hlsIsThere, Refused } from '../queue/refused.ts'
import { submit } from '../queue/submit.ts'
import { upcomingJobs } from '../queue/upcoming.ts'
import type { Controller } from './controller.ts'
import { numberId, route } from './route.ts'

const one = z.object({ id: numberId })
const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/, {
  error: 'Idempotency-Key: 1 to 255 printable characters without blanks',
})
const filter = z.strictObject({
  state: jobState.optional(),
  muxer: muxerId.optional(),
  q: z
    .string()
    .max(255)
    .refine((text) => !text.includes('\0'), { error: 'a search has no zero byte' })
    .optional(),
  cursor: numberId.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
})

/** Jobs, for people. */
export function jobRoutes(app: FastifyInstance, { queue, media }: Controller): void {
  const admin = { audience: 'admin', group: 'jobs' } as const
  route(
    app,
    {
      ...admin,
      method: 'POST',
      url: '/v1/jobs',
      summary: 'submit a video; 201 new, 200 there already: it may take over priority and webhook',
      body: submission,
      answer: submitted,
    },
    async ({ body, request, reply }) => {
      const header = request.headers['idempotency-key']
      const key = header === undefined ? undefined : idempotencyKey.parse(header)
      // First of all: what has become of its file since does not matter to a request that comes again.
      const known = key && (await knownBy(queue.db.kysely, queue.db.now, key, body))
      if (known) return submittedView(known)
      if (media === undefined)
        throw new Refused(
          409,
          'this controller has no media directory',
          'start it with --media DIR',
        )
      const { version } = await media.file(body.path)
      const objection = await objectionTo(media, body)
      const made = await submit(queue, body, { idempotencyKey: key, objection, source: version })
      reply.status(made.isNew ? 201 : 200)
      return submittedView(made)
    },
  )
  route(
    app,
    {
      ...admin,
      method: 'GET',
      url: '/v1/jobs',
      summary: 'jobs, newest first, a page at a time',
      query: filter,
      answer: jobPage,
    },
    ({ query }) => findJobs(queue.db, query),
  )
  route(
    app,
    {
      ...admin,
      method: 'GET',
      url: '/v1/upcoming',
      summary: 'how many jobs wait, and which are claimed next',
      query: z.strictObject({ limit: z.coerce.number().int().min(1).max(500).default(10) }),
      answer: upcoming,
    },
    ({ query }) => upcomingJobs(queue.db, query.limit),
  )
  route(
    app,
    {
      ...admin,
      method: 'GET',
      url: '/v1/jobs/:id',
      summary: 'one job and all its attempts',
      params: one,
      answer: jobStory,
    },
    ({ params }) => storyOf(queue.db, params.id),
  )
  route(
    app,
    {
      ...admin,
      method: 'GET',
      url: '/v1/jobs/:id/log',
      summary: 'what ffmpeg last wrote, attempt by attempt, as text',
      params: one,
    },
    async ({ params, reply }) => {
      const { attempts } = await storyOf(queue.db, params.id)
      const text = attempts
        .map(({ attempt, muxer, outcome, detail, argv, logTail }) =>
          [`# attempt ${attempt} on muxer ${muxer}: ${outcome} ${detail}`, argv.join(' '), logTail]
            .filter((part) => part !== '')
            .join('\n'),
        )
        .join('\n\n')
      reply.type('text/plain; charset=utf-8').serializer(String).send(`${text}\n`)
      return undefined
    },
  )
  const change = { ...admin, method: 'POST', params: one, answer: jobView } as const
  route(
    app,
    { ...change, url: '/v1/jobs/:id/cancel', summary: 'take a job back' },
    async ({ params }) => viewOf(await cancel(queue, params.id)),
  )
  route(
    app,
    {
      ...change,
      url: '/v1/jobs/:id/retry',
      summary: 'give a job another chance; one that is queued already (wasQueued) waits no longer',
      answer: retried,
    },
    async ({ params }) => {
      const { job, wasQueued } = await retry(queue, params.id)
      return { ...viewOf(job), wasQueued }
    },
  )
  route(
    app,
    {
      ...change,
      url: '/v1/jobs/:id/priority',
      summary: 'let a job go before others, or after them',
      body: z.strictObject({ priority: z.int().min(0).max(100) }),
    },
    async ({ params, body }) => viewOf(await setPriority(queue, params.id, body.priority)),
  )
}

function submittedView({ job, takenOver, notTakenOver }: Joined): Submitted {
  return { ...viewOf(job), takenOver: [...takenOver], notTakenOver: [...notTakenOver] }
}

/** What its muxer would find at its start, said while whoever submits it still looks. */
async function objectionTo(
  media: MediaDir,
  { path, settings }: Submission,
): Promise<Refused | undefined> {
  const hasHls = (await media.hlsMadeAt(path)) !== undefined
  return hasHls && settings.onExists === 'fail' ? hlsIsThere(path) : undefined
}
