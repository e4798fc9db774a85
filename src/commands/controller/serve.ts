import { once } from 'node:events'
import { agentTokensIn } from '../../controller/api/agent-tokens.ts'
import { defaultRules } from '../../controller/queue/queue.ts'
import { startController } from '../../controller/start-controller.ts'
import { exitCodes, quoted, UserError } from '../../errors.ts'
import type { Farm } from '../../farm/farm.ts'
import { readLinked } from '../../host/read-linked.ts'
import type { Shared } from '../../program.ts'
import { shellWord } from '../../shell-word.ts'
import type { Tools } from '../../tools.ts'
import { visible } from '../../ui/visible.ts'
import { readFarm } from '../session.ts'
import { databaseOf } from './database-of.ts'
import { tlsOf } from './tls-of.ts'

interface ServeOptions extends Shared {
  readonly listen?: string
  readonly port?: string
  readonly media?: string
  readonly db?: string
  readonly state?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly rateLimit: string
  readonly legacy?: true
  readonly watchFolder?: string
  readonly tidy?: 'keep' | 'move' | 'delete'
  readonly tidyAfter?: string
  readonly keepDays?: string
}

/** Runs the controller until it is told to stop. */
export async function serve(tools: Tools, options: ServeOptions): Promise<number> {
  const { nas, ui, signal } = tools
  // Whoever may write into the watch folder names the files, and the log is read on a terminal.
  const say = (line: string): void => ui.say(visible(line))
  const farm = await farmIfAny(tools, options)
  const state = options.state ?? farm?.paths.state ?? '/var/lib/pifarm'
  const wanted = farm?.controller.enable ? farm.controller : undefined
  const media = options.media ?? wanted?.media
  const host = options.listen ?? wanted?.listen ?? (wanted && farm?.nas.address) ?? '127.0.0.1'
  const tidyAfter = options.tidyAfter ?? String(wanted?.tidy_after_hours ?? 24)
  const keepDays = options.keepDays ?? String(wanted?.keep_days ?? 365)
  if (media !== undefined && (await nas.list(media)) === undefined)
    throw new UserError(`there is no directory ${quoted(media)}`, { hint: 'is it mounted?' })
  const watchFolder = options.watchFolder ?? wanted?.watch_folder
  if (watchFolder !== undefined && media === undefined)
    throw new UserError('--watch-folder needs --media', {
      hint: 'the folder lies below the media directory',
    })
  const webhookSecret = await secretAt(tools, `${state}/webhook-secret`)
  const running = await startController({
    database: databaseOf(
      options.db,
      tools.env?.DATABASE_URL,
      wanted?.database ?? `${state}/controller/queue.db`,
    ),
    host,
    port: numberIn(options.port ?? String(wanted?.port ?? 8080), '--port', 0, 65_535),
    media,
    tokens: {
      admin: await adminToken(tools, `${state}/admin-token`),
      agents: agentTokensIn(`${state}/agent-tokens`, say),
    },
    rules: {
      ...defaultRules,
      keepSeconds: numberIn(keepDays, '--keep-days', 0, 36_500) * 24 * 3600,
      tidy: {
        policy: options.tidy ?? wanted?.tidy ?? 'keep',
        afterSeconds: numberIn(tidyAfter, '--tidy-after', 0, 24 * 365) * 3600,
      },
    },
    tls: await tlsOf(tools, {
      tlsCert: options.tlsCert ?? wanted?.tls_cert,
      tlsKey: options.tlsKey ?? wanted?.tls_key,
    }),
    rateLimit: numberIn(options.rateLimit, '--rate-limit', 1, 10_000_000),
    legacy: options.legacy ?? wanted?.legacy ?? false,
    watchFolder,
    webhookSecret,
    say,
  })
  if (webhookSecret === undefined)
    ui.say(`there is no ${state}/webhook-secret: nobody is told by webhook`)
  if (media === undefined)
    ui.say('this controller has no media directory, so it takes no jobs: --media DIR names one')
  ui.say(`the page is at ${running.address}/: what stands in ${state}/admin-token opens it`)
  ui.say(`the controller answers at ${running.address}`)
  const told = signal.aborted ? undefined : once(signal, 'abort').then(() => undefined)
  const lost = await Promise.race([told, running.lostForGood])
  ui.say('stopping: running requests end first')
  await running.stop()
  if (lost !== undefined) throw lost
  return exitCodes.done
}

/** A state directory of its own makes a controller of its own, unless it is told which farm it belongs to. */
async function farmIfAny({ nas }: Tools, options: ServeOptions): Promise<Farm | undefined> {
  if (options.state !== undefined && !options.isConfigNamed) return undefined
  const instead = 'say all by flags, without --config: --state DIR --media DIR (docs/controller.md)'
  return (await readFarm(nas, options.config, instead)).farm
}

const shortestToken = 16

async function adminToken(tools: Tools, path: string): Promise<string> {
  const token = await secretAt(tools, path)
  if (token === undefined)
    throw new UserError(`there is no admin token at ${path}`, {
      hint: `\`pifarm apply\` makes one where farm.yaml sets controller.enable; by hand: head -c 32 /dev/urandom | base64 | install -D -m 600 /dev/stdin ${shellWord(path)}`,
    })
  if (!/^[\x21-\x7e]+$/.test(token) || token.length < shortestToken)
    throw new UserError(`${path} holds no token of ${shortestToken} or more printable characters`)
  return token
}

const insteadOfFile = {
  dir: 'is a directory',
  link: 'is a link that leads to itself',
  other: 'is no regular file',
} as const

/** A secret in a file that nobody else may read, through links as `connect` reads it; undefined where there is nothing. */
async function secretAt({ nas }: Tools, path: string): Promise<string | undefined> {
  const file = await readLinked(nas, path)
  if (file === undefined) return undefined
  if (file.kind !== 'file')
    throw new UserError(`${path} ${insteadOfFile[file.kind]}, and not a file with one line`, {
      hint: `move it away: mv ${shellWord(path)} ${shellWord(`${path}.aside`)}; \`pifarm apply\` makes the file where farm.yaml sets controller.enable`,
    })
  if ((file.mode & 0o077) !== 0)
    throw new UserError(`${path} can be read by others than its owner`, {
      hint: `chmod 0600 ${path}`,
    })
  return file.text.trim()
}

function numberIn(text: string, flag: string, from: number, to: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= from && value <= to) return value
  throw new UserError(`${flag} ${quoted(text)} is not a number from ${from} to ${to}`)
}
