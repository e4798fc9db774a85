import type { FastifyInstance, FastifyReply } from 'fastify'
import { findJob } from '../queue/find-jobs.ts'
import { jobView } from '../queue/job-view.ts'
import { muxerViews } from '../queue/muxers.ts'
import { holdsSession } from '../queue/sessions.ts'
import type { Controller } from './controller.ts'
import { route } from './route.ts'

const gatherMs = 200
/** An event, not a comment: a page cannot see comments, and knows by it that the line is up. */
const aliveMs = 15_000
/** A page that reads no more is let go: it comes back by itself. */
const mostUnread = 1024 * 1024

/** Server-sent events: every change of a job or a muxer, whole; `hello` means to fetch all anew. */
export function eventRoutes(app: FastifyInstance, { queue, version, stopping }: Controller): void {
  /** With the session of each; empty for who showed the token. */
  const pages = new Map<FastifyReply, string>()
  const changed = { job: new Set<number>(), muxer: new Set<string>() }
  let gathering: NodeJS.Timeout | undefined

  /** At once no page any more: one that has stopped reading closes late, and to write to it then ends the process. */
  const endPage = (page: FastifyReply): void => {
    pages.delete(page)
    page.raw.end()
  }
  const send = (event: string, data: unknown): void => {
    const text = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
    for (const page of pages.keys()) write(page, text)
  }
  const tell = async (): Promise<void> => {
    gathering = undefined
    const jobs = [...changed.job]
    const muxers = [...changed.muxer]
    changed.job.clear()
    changed.muxer.clear()
    for (const id of jobs) send('job', jobView(await findJob(queue.db, id)))
    for (const id of muxers)
      for (const muxer of await muxerViews(queue.db, id)) send('muxer', muxer)
  }
  const unhear = queue.bulletin.hear((news) => {
    if (pages.size === 0) return
    if (news.kind === 'job') changed.job.add(news.id)
    else if (news.kind === 'muxer') changed.muxer.add(news.id)
    else if (news.kind === 'gap') return send('hello', { version })
    else return
    gathering ??= setTimeout(() => tell().catch(() => send('hello', { version })), gatherMs)
  })
  const keepAlive = async (page: FastifyReply, session: string): Promise<void> => {
    // Or a stream would go on after its session was ended, be it at another controller. While the
    // database is away nobody knows: it is looked at again the next time.
    const isIn = session === '' || (await holdsSession(queue, session).catch(() => true))
    if (!isIn) endPage(page)
    else if (pages.has(page)) write(page, 'event: alive\ndata:\n\n')
  }
  const alive = setInterval(() => {
    for (const [page, session] of pages) void keepAlive(page, session)
  }, aliveMs).unref()
  const end = (): void => {
    for (const page of pages.keys()) endPage(page)
  }
  stopping.addEventListener('abort', end, { once: true })
  app.addHook('onClose', async () => {
    clearInterval(alive)
    clearTimeout(gathering)
    unhear()
  })

  route(
    app,
    {
      audience: 'admin',
      group: 'people',
      method: 'GET',
      url: '/v1/events',
      summary: 'every change as it happens: server-sent events',
      unlimited: true,
    },
    ({ request, reply }) => {
      reply.hijack()
      reply.raw.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      })
      if (request.method === 'HEAD') {
        reply.raw.end()
        return undefined
      }
      pages.set(reply, request.session)
      reply.raw.on('close', () => pages.delete(reply))
      write(reply, `retry: 2000\nevent: hello\ndata: ${JSON.stringify({ version })}\n\n`)
      return undefined
    },
  )
}

function write({ raw }: FastifyReply, text: string): void {
  if (raw.writableLength > mostUnread) raw.destroy()
  else raw.write(text)
}
