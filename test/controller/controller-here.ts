import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { agentTokensIn } from '../../src/controller/api/agent-tokens.ts'
import { defaultRules } from '../../src/controller/queue/queue.ts'
import {
  type ControllerOptions,
  type RunningController,
  startController,
} from '../../src/controller/start-controller.ts'

export const adminToken = 'admin-token-of-this-test'

export interface ControllerHere extends RunningController {
  readonly dir: string
  readonly media: string
  readonly options: ControllerOptions
  readonly said: string[]
  /** What muxer `id` shows. */
  tokenOf(id: string): string
  /** Asks as people do, or with another token. */
  ask(method: string, path: string, body?: unknown, token?: string): Promise<Answered>
  /** Stops it, and deletes what it had. */
  remove(): Promise<void>
}

export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into it
  readonly json: any
}

/** A real controller of the test's own on a free port of the loopback, with muxers 1 to 9. */
export async function controllerHere(
  changes: Partial<ControllerOptions> = {},
): Promise<ControllerHere> {
  const dir = mkdtempSync(join(tmpdir(), 'pifarm-controller-'))
  const media = join(dir, 'media')
  mkdirSync(media)
  const tokens = new Map(
    Array.from({ length: 9 }, (_, index) => [String(index + 1), randomBytes(16).toString('hex')]),
  )
  const hash = (text: string) => createHash('sha256').update(text).digest('hex')
  const lines = [...tokens].map(([id, token]) => `${id} ${hash(token)} Pi${id}\n`)
  writeFileSync(join(dir, 'agent-tokens'), lines.join(''))
  const said: string[] = []
  const say = (line: string) => void said.push(line)
  const options: ControllerOptions = {
    database: { kind: 'sqlite', file: join(dir, 'queue.db') },
    host: '127.0.0.1',
    port: 0,
    media,
    tokens: { admin: adminToken, agents: agentTokensIn(join(dir, 'agent-tokens'), say) },
    rules: { ...defaultRules, random: () => 0 },
    tls: undefined,
    rateLimit: 1_000_000,
    legacy: false,
    watchFolder: undefined,
    webhookSecret: undefined,
    say,
    ...changes,
  }
  const running = await startController(options).catch((error) => {
    rmSync(dir, { recursive: true })
    throw error
  })
  return {
    ...running,
    dir,
    media,
    options,
    said,
    tokenOf: (id) => tokens.get(id) ?? '',
    ask: async (method, path, body, token = adminToken) => {
      const answer = await fetch(new URL(path, running.address), {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      const isJson = answer.headers.get('content-type')?.startsWith('application/json')
      return {
        status: answer.status,
        headers: answer.headers,
        text,
        json: isJson ? JSON.parse(text) : undefined,
      }
    },
    remove: async () => {
      await running.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
