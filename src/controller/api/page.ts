import { existsSync } from 'node:fs'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { packageFile } from '../../package-file.ts'

/** What `npm run build` makes of src/controller/web: the same place from src/ and from dist/. */
const built = packageFile('dist/web')

const forEver = 'public, max-age=31536000, immutable'

const onlyOurs = [
  "default-src 'none'",
  "script-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
]

/** The page's scripts and styles are files of ours; the player makes blobs of what it fetched. */
const pagePolicy = [
  ...onlyOurs,
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "media-src 'self' blob:",
].join('; ')

/** Swagger's own asks browsers for HTTPS, which a controller without a certificate has not. It styles elements by script. */
export const docsPolicy = [
  ...onlyOurs,
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
].join('; ')

/**
 * The page at `/`. Its assets have a hash in their names; all else is looked at again each time, also the
 * player's files: a video that is made anew has the same names, and another key.
 */
export async function servePage(app: FastifyInstance): Promise<void> {
  app.addHook('onSend', async (_request, reply) => {
    reply.headers({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'cross-origin-resource-policy': 'same-origin',
    })
    if (!reply.hasHeader('content-security-policy'))
      reply.header('content-security-policy', pagePolicy)
  })
  const isBuilt = existsSync(built)
  await app.register(fastifyStatic, {
    root: isBuilt ? built : '/nonexistent',
    serve: isBuilt,
    wildcard: false,
    index: 'index.html',
    cacheControl: false,
    setHeaders: (reply, path) => {
      reply.header('cache-control', path.startsWith(`${built}/assets/`) ? forEver : 'no-cache')
    },
  })
}
