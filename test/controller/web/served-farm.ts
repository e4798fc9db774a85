import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { agentTokensIn } from '../../../src/controller/api/agent-tokens.ts'
import { defaultRules } from '../../../src/controller/queue/queue.ts'
import {
  type RunningController,
  startController,
} from '../../../src/controller/start-controller.ts'

/** A real controller on the loopback with a media directory of its own, which can be restarted. */
export interface ServedFarm {
  readonly url: string
  readonly media: string
  readonly adminToken: string
  readonly agentTokens: ReadonlyMap<string, string>
  stop(): Promise<void>
  start(): Promise<void>
  remove(): Promise<void>
}

export async function serveFarm(muxers: readonly string[]): Promise<ServedFarm> {
  const dir = mkdtempSync(join(tmpdir(), 'pifarm-page-'))
  const media = join(dir, 'media')
  mkdirSync(media)
  const adminToken = randomBytes(24).toString('hex')
  const agentTokens = new Map(muxers.map((id) => [id, randomBytes(24).toString('hex')]))
  const lines = [...agentTokens].map(
    ([id, token]) => `${id} ${createHash('sha256').update(token).digest('hex')}\n`,
  )
  writeFileSync(join(dir, 'agent-tokens'), lines.join(''))
  let port = 0
  let running: RunningController | undefined
  const start = async (): Promise<void> => {
    running = await startController({
      database: { kind: 'sqlite', file: join(dir, 'queue.db') },
      host: '127.0.0.1',
      port,
      media,
      tokens: { admin: adminToken, agents: agentTokensIn(join(dir, 'agent-tokens')) },
      rules: defaultRules,
      tls: undefined,
      rateLimit: 100_000,
      legacy: false,
      watchFolder: undefined,
      webhookSecret: undefined,
      say: () => {},
    })
    port = Number(new URL(running.address).port)
  }
  const stop = async (): Promise<void> => {
    await running?.stop()
    running = undefined
  }
  await start()
  return {
    url: `http://127.0.0.1:${port}`,
    media,
    adminToken,
    agentTokens,
    start,
    stop,
    remove: async () => {
      await stop()
      rmSync(dir, { recursive: true })
    },
  }
}
