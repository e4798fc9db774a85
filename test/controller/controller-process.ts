import { once } from 'node:events'
import { agentTokensIn } from '../../src/controller/api/agent-tokens.ts'
import type { DatabaseAddress } from '../../src/controller/db/database.ts'
import { defaultRules, type Rules } from '../../src/controller/queue/queue.ts'
import { startController } from '../../src/controller/start-controller.ts'

/** A controller in a process of its own, to be killed. It waits for a line before it starts: what takes long is loaded by then. */
export interface ControllerProcessOptions {
  readonly database: DatabaseAddress
  readonly port: number
  readonly media: string
  readonly admin: string
  readonly agentTokens: string
  readonly rules: Partial<Omit<Rules, 'random'>>
}

const options: ControllerProcessOptions = JSON.parse(process.argv[2] ?? '')
const { database, port, media, admin, agentTokens, rules } = options
await (database.kind === 'sqlite'
  ? import('../../src/controller/db/sqlite/take-sqlite.ts')
  : import('../../src/controller/db/open-postgresql.ts'))
await once(process.stdin, 'data')
const running = await startController({
  database,
  host: '127.0.0.1',
  port,
  media,
  tokens: { admin, agents: agentTokensIn(agentTokens) },
  rules: { ...defaultRules, random: () => 0, ...rules },
  tls: undefined,
  rateLimit: 1_000_000,
  legacy: false,
  watchFolder: undefined,
  webhookSecret: undefined,
  say: () => undefined,
})
process.stdout.write(`${running.address}\n`)
process.stdin.resume().on('end', () => process.exit())
