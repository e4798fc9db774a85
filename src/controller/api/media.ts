import { relative } from 'node:path'
import type { FastifyInstance } from 'fastify'
import * as z from 'zod'
import { mediaPath } from '../../protocol/job.ts'
import { mediaListing, throughput } from '../../protocol/views.ts'
import { Refused } from '../queue/refused.ts'
import { throughputOf } from '../queue/throughput.ts'
import type { Controller } from './controller.ts'
import { route } from './route.ts'

const noMedia = () =>
  new Refused(409, 'this controller has no media directory', 'start it with --media DIR')

/** What the page shows beside jobs and muxers: the media directory, the player's files, the plot. */
export function mediaRoutes(app: FastifyInstance, { queue, media }: Controller): void {
  const admin = { audience: 'admin', method: 'GET', group: 'people' } as const
  route(
    app,
    {
      ...admin,
      url: '/v1/media',
      summary: 'one directory below the media directory',
      query: z.strictObject({ dir: z.string().max(1024).default('') }),
      answer: mediaListing,
    },
    ({ query }) => {
      if (media === undefined) throw noMedia()
      return media.list(query.dir)
    },
  )
  route(
    app,
    {
      ...admin,
      url: '/v1/throughput',
      summary: 'what ended in each of the last hours',
      query: z.strictObject({
        hours: z.coerce
          .number()
          .int()
          .min(1)
          .max(24 * 31)
          .default(24),
      }),
      answer: throughput,
    },
    ({ query }) => throughputOf(queue.db, query.hours),
  )
  route(
    app,
    {
      ...admin,
      url: '/media/*',
      summary: 'a file of a finished HLS directory, for the player',
      params: z.object({ '*': mediaPath }),
      unlimited: true,
    },
    async ({ params, reply }) => {
      if (media === undefined) throw noMedia()
      const path = params['*']
      if (!isPublished(path)) throw new Refused(404, 'only finished HLS directories are served')
      const real = (await media.file(path).catch(() => undefined))?.real
      // A link inside may lead to the video itself.
      if (real === undefined || !isPublished(real))
        throw new Refused(404, `there is no ${JSON.stringify(path)}`)
      // Whoever may write there must not speak for the page, whatever the file is.
      reply.header('content-security-policy', "default-src 'none'; sandbox")
      reply.sendFile(relative('/', real), '/', { cacheControl: false })
      return undefined
    },
  )
}

/** Below a directory that was renamed to `….hls`, which is done once it is whole. */
function isPublished(path: string): boolean {
  return /[^/]\.hls\/./.test(path)
}
