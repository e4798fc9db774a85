import rateLimit, { normalizeIP } from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import fastify, { type FastifyInstance, LogController } from 'fastify'
import { authorize, type Tokens } from './api/auth.ts'
import { brokenRequests, longestPathPart } from './api/broken-requests.ts'
import type { Controller } from './api/controller.ts'
import { answerErrors } from './api/errors.ts'
import { eventRoutes } from './api/events.ts'
import { healthRoutes } from './api/health.ts'
import { jobRoutes } from './api/jobs.ts'
import { leaseRoutes } from './api/leases.ts'
import { legacyRoutes } from './api/legacy.ts'
import { mediaRoutes } from './api/media.ts'
import { metricRoutes } from './api/metrics.ts'
import { muxerRoutes } from './api/muxers.ts'
import { docsPolicy, servePage } from './api/page.ts'
import { tidyRoutes } from './api/tidy.ts'
import type { Availability } from './availability.ts'
import { closeInTime } from './close-in-time.ts'
import type { Waiting } from './queue/wait-for-job.ts'

export interface ServerOptions {
  readonly tokens: Tokens
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  /** Requests a minute: of one address, and of each muxer and of people there apart from strangers. */
  readonly rateLimit: number
  /** The routes of the original, which ask for no token. */
  readonly legacy: boolean
}

/** To send a request; an answer may take the 30 s of a claim. */
const requestTimeout = 20_000
/** Node looks twice a minute only, and takes the longer one of the two for the whole request. */
const timing = { connectionsCheckingInterval: 5000, headersTimeout: requestTimeout, requestTimeout }

/** The HTTP server with all its routes; nothing listens yet. */
export async function makeServer(
  controller: Controller,
  availability: Availability,
  waiting: Waiting,
  options: ServerOptions,
): Promise<FastifyInstance> {
  const app = fastify({
    ...(options.tls === undefined ? { http: timing } : { https: { ...options.tls, ...timing } }),
    logger: { level: 'error', stream: process.stderr },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 256 * 1024,
    requestTimeout,
    keepAliveTimeout: 75_000,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: longestPathPart },
    ...brokenRequests,
  } as object) as unknown as FastifyInstance
  // Some clients say that it is JSON where there is none.
  app.removeContentTypeParser(['text/plain', 'application/json'])
  app.addContentTypeParser('application/json', { parseAs: 'string' }, parseJson)

  answerErrors(app, availability.lost)
  await app.register(rateLimit, {
    max: options.rateLimit,
    timeWindow: 60_000,
    // It counts after `authorize`: a stranger uses up nothing of those who share an address with him.
    keyGenerator: ({ caller, ip }) => caller || normalizeIP(ip),
  })
  await app.register(swagger, { openapi: about(controller.version) })
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: docsPolicy })
  app.addHook('onRequest', availability.gate)
  authorize(app, controller.queue, options.tokens)
  closeInTime(app)
  await servePage(app)

  healthRoutes(app, controller)
  jobRoutes(app, controller)
  muxerRoutes(app, controller, waiting)
  leaseRoutes(app, controller)
  tidyRoutes(app, controller)
  mediaRoutes(app, controller)
  eventRoutes(app, controller)
  metricRoutes(app, controller)
  if (options.legacy) await app.register(async (scope) => legacyRoutes(scope, controller))
  return app
}

async function parseJson(_request: unknown, body: string | Buffer): Promise<unknown> {
  if (body.length === 0) return {}
  try {
    return JSON.parse(String(body))
  } catch {
    throw Object.assign(new Error('the body is not JSON'), { statusCode: 400 })
  }
}

function about(version: string) {
  const token = { type: 'http', scheme: 'bearer' } as const
  return {
    info: { title: 'pifarm controller', version },
    components: {
      securitySchemes: {
        admin: { ...token, description: 'what stands in admin-token of the state directory' },
        agent: { ...token, description: 'what stands in /etc/pifarm-agent.token of a Pi' },
      },
    },
  }
}
