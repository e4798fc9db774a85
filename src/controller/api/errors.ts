import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ZodError } from 'zod'
import { quoted } from '../../errors.ts'
import type { WishPart } from '../../protocol/views.ts'
import { isDatabaseGone } from '../db/database-gone.ts'
import { DatabaseDamaged, DatabaseLost } from '../db/database-lost.ts'
import { NotReplaced, Refused } from '../queue/refused.ts'

interface ErrorAnswer {
  readonly status: number
  readonly error: string
  readonly hint?: string | undefined
  readonly field?: WishPart
}

/** Every answer that is no success: `{error, hint?, field?}`. */
export function answerErrors(app: FastifyInstance, databaseGone: (error: unknown) => void): void {
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    if (isDatabaseGone(error)) {
      databaseGone(error)
      return answerGone(error, request, reply)
    }
    if (error instanceof Refused && error.retryAfterSeconds !== undefined)
      reply.header('retry-after', String(error.retryAfterSeconds))
    const { status, ...answer } = answerTo(error, request)
    if (status === 500) request.log.error(error)
    return reply.status(status).send(answer)
  })
  app.setNotFoundHandler(async (request, reply) =>
    reply
      .status(404)
      .send({ error: `there is nothing at ${request.method} ${quoted(request.url)}` }),
  )
}

function answerTo(error: FastifyError, request: FastifyRequest): ErrorAnswer {
  if (error instanceof Refused)
    return {
      status: error.status,
      error: error.message,
      ...(error.hint && { hint: error.hint }),
      ...(error instanceof NotReplaced && { field: error.field }),
    }
  if (error instanceof ZodError) return { status: 400, error: complaint(error) }
  const status = error.statusCode ?? 500
  if (status === 415)
    return {
      status,
      error: `a body of the type ${quoted(request.headers['content-type'] ?? '')} is not application/json`,
    }
  if (status === 413) return { status, error: tooLarge(request) }
  if (status < 500) return { status, error: lower(error.message) }
  return { status: 500, error: 'the controller has a bug; its log says more' }
}

function tooLarge({ headers, method, routeOptions }: FastifyRequest): string {
  const size = headers['content-length']
  const whose = `${method} ${routeOptions.url} takes`
  return size === undefined
    ? `the body is larger than the ${routeOptions.bodyLimit} bytes that ${whose}`
    : `a body of ${size} bytes is larger than the ${routeOptions.bodyLimit} that ${whose}`
}

/** 503 where nothing was done, and the same again may succeed. */
export function answerGone(
  error: unknown,
  { caller }: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  // What this very request has changed is as unknown as all the rest. Where it lies is nothing for strangers.
  if (error instanceof DatabaseDamaged)
    return reply
      .status(500)
      .send(caller === '' ? damaged : { error: error.message, hint: error.hint })
  reply.status(503).header('retry-after', '2')
  return error instanceof DatabaseLost
    ? reply.send({
        error: 'the controller has lost its database',
        hint: 'try again in a moment, when the controller was started again',
      })
    : reply.send({
        error: 'the database does not answer',
        hint: 'nothing is lost; try again in a moment',
      })
}

const damaged = {
  error: 'the database of the controller is damaged',
  hint: 'its log says where that lies, and what to do',
}

function complaint({ issues }: ZodError): string {
  return issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.length > 0 ? `${path.join('.')}: ` : ''}${lower(message)}`)
    .join('; ')
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
