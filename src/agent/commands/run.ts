import { mkdir } from 'node:fs/promises'
import { exitCodes, UserError } from '../../errors.ts'
import { agentVersion } from '../agent-version.ts'
import { ControllerClient } from '../controller/controller-client.ts'
import { Outbox } from '../controller/outbox.ts'
import { AgentService } from '../machine/agent-service.ts'
import { realClock } from '../machine/clock.ts'
import { drive } from '../machine/drive.ts'
import { readSettings } from '../settings/read-settings.ts'
import { readToken } from '../settings/read-token.ts'
import { trustedBeside } from '../settings/trusted-beside.ts'
import { MediaShare } from '../share/media-share.ts'

export interface RunOptions {
  readonly config: string
  readonly cmdline: string
  readonly tokenFile: string
  readonly self: readonly string[]
  readonly signal: AbortSignal
  log(line: string): void
}

/** The service: asks for jobs until it is told to stop. */
export async function run(options: RunOptions): Promise<number> {
  const { log, self, signal } = options
  const { settings, board, hasConfig } = await readSettings(options)
  const { muxid, controllers } = settings
  if (controllers === undefined)
    throw new UserError(
      `no controller is set${hasConfig ? '' : `, and there is no file ${options.config}`}`,
      {
        hint: `write "controller": "http://..." into ${options.config}, or boot with muxcnc=URL`,
      },
    )
  if (muxid === undefined)
    throw new UserError('no muxid is set, and this board has no serial', {
      hint: `boot with muxid=NUMBER, or write "muxid" into ${options.config}`,
    })
  const token = await readToken(options.tokenFile)
  const ca = settings.caFile === undefined ? undefined : await trustedBeside(settings.caFile)
  await mkdir(settings.stateDir, { recursive: true })
  log(
    `agent ${agentVersion}, muxer ${muxid}, controller ${controllers.map(withoutSecrets).join(' or ')}`,
  )
  const service = new AgentService({
    settings,
    board,
    client: new ControllerClient({ urls: controllers, ca, token, muxid, agent: agentVersion }),
    outbox: new Outbox(settings.stateDir),
    share: new MediaShare(settings),
    clock: realClock,
    self,
    log,
  })
  const { tell, stopped } = drive(service.perform)
  if (signal.aborted) tell({ kind: 'stop' })
  signal.addEventListener('abort', () => tell({ kind: 'stop' }), { once: true })
  await stopped
  log('stopped')
  return exitCodes.done
}

/** A URL may hold a password, and the log is not the place for it. */
function withoutSecrets(url: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}
