import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import * as z from 'zod'

/** Who may ask: people with the admin token, agents with their own, or anybody. */
export type Audience = 'admin' | 'agent' | 'open'

interface Route<P, Q, B, R> {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: string
  readonly audience: Audience
  readonly summary: string
  readonly group: string
  readonly params?: z.ZodType<P>
  readonly query?: z.ZodType<Q>
  readonly body?: z.ZodType<B>
  /** What it answers with 200; for the documentation. */
  readonly answer?: z.ZodType<R>
  readonly bodyLimit?: number
  /** Not counted by the rate limit: what waits, or what a player fetches. */
  readonly unlimited?: true
}

export interface Asked<P, Q, B> {
  readonly params: P
  readonly query: Q
  readonly body: B
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

declare module 'fastify' {
  interface FastifyContextConfig {
    audience?: Audience
  }
}

const nothing = z.unknown()

/** Adds a route whose input zod parses, and whose schemas the OpenAPI page shows. */
export function route<P = unknown, Q = unknown, B = unknown, R = unknown>(
  app: FastifyInstance,
  wanted: Route<P, Q, B, R>,
  handle: (asked: Asked<P, Q, B>) => Promise<R | undefined> | R | undefined,
): void {
  const { params, query, body, answer } = wanted
  app.route({
    method: wanted.method,
    url: wanted.url,
    ...(wanted.bodyLimit === undefined ? {} : { bodyLimit: wanted.bodyLimit }),
    config: {
      audience: wanted.audience,
      ...(wanted.unlimited ? { rateLimit: false as const } : {}),
    },
    schema: {
      summary: wanted.summary,
      tags: [wanted.group],
      ...(wanted.audience === 'open' ? {} : { security: [{ [wanted.audience]: [] }] }),
      ...(params === undefined ? {} : { params: jsonSchema(params) }),
      ...(query === undefined ? {} : { querystring: jsonSchema(query) }),
      ...(body === undefined ? {} : { body: jsonSchema(body) }),
      ...(answer === undefined ? {} : { response: { 200: jsonSchema(answer, 'output') } }),
    },
    // zod alone judges: JSON Schema cannot say all that it does.
    validatorCompiler: () => () => true,
    serializerCompiler: () => (data) => JSON.stringify(data),
    handler: async (request, reply) => {
      const answered = await handle({
        params: (params ?? nothing).parse(request.params) as P,
        query: (query ?? nothing).parse(request.query) as Q,
        body: (body ?? nothing).parse(body === undefined ? undefined : (request.body ?? {})) as B,
        request,
        reply,
      })
      return answered === undefined ? reply : answered
    },
  })
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output' = 'input'): object {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    io,
    target: 'openapi-3.0',
    unrepresentable: 'any',
  })
  return rest
}

/** `{id}` of a job, a file to tidy and the like, as it stands in a URL. */
export const numberId = z
  .string()
  .regex(/^[1-9]\d{0,14}$/, { error: 'an id is a number' })
  .transform(Number)
