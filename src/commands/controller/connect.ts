import * as z from 'zod'
import { ControllerClient } from '../../controller/client/controller-client.ts'
import { UserError } from '../../errors.ts'
import { controllerUrl, type Farm } from '../../farm/farm.ts'
import { readText } from '../../host/read-text.ts'
import type { Shared } from '../../program.ts'
import type { Tools } from '../../tools.ts'
import { visible } from '../../ui/visible.ts'
import { flag } from '../pi-options.ts'
import { readFarm } from '../session.ts'

/** The flags of every command that asks a controller. */
export interface ConnectOptions extends Shared {
  readonly controller?: string
  readonly tokenFile?: string
  readonly ca?: string
}

export interface Connection {
  readonly client: ControllerClient
  /** The farm whose controller it is; undefined where the flags name another. */
  readonly farm: Farm | undefined
}

const withoutFarm =
  'name a controller: --controller URL --token-file FILE, and for `jobs submit` --media DIR'

const address = z.url({ protocol: /^https?$/, error: 'it is like http://10.77.0.1:8080' })

/** Finds the controller and its admin token: the flags say where, else farm.yaml. */
export async function connect(tools: Tools, options: ConnectOptions): Promise<Connection> {
  const { nas, signal } = tools
  const given = flag('--controller', address, options.controller)
  const farm =
    given !== undefined && options.tokenFile !== undefined
      ? undefined
      : (await readFarm(nas, options.config, withoutFarm)).farm
  const url = given ?? (farm && controllerUrl(farm))
  if (url === undefined)
    throw new UserError(`the farm of ${options.config} has no controller`, {
      hint: 'set controller.enable there and run `pifarm apply`, or name one with --controller URL --token-file FILE',
    })
  const tokenFile = options.tokenFile ?? `${farm?.paths.state}/admin-token`
  if (options.tokenFile === undefined && !tools.isRoot)
    throw new UserError(`only root can read ${tokenFile}`, {
      hint: `run it as: sudo ${tools.command}; or name a file with the token: --token-file FILE`,
    })
  const caFile = options.ca ?? farm?.controller.tls_cert
  const token = await textOf(
    tools,
    tokenFile,
    'holds the admin token',
    options.tokenFile === undefined
      ? 'set controller.enable in farm.yaml and run `pifarm apply`, which makes it'
      : "it holds what stands in admin-token of the controller's state directory",
  )
  const ca =
    caFile === undefined
      ? undefined
      : await textOf(tools, caFile, 'is a certificate', 'it is that of the controller, in PEM')
  const ifAway =
    given === undefined
      ? 'is it running? systemctl status pifarm-controller; another one: --controller URL'
      : 'is one running there, and is --controller right?'
  const asking = { url, token: token.trim(), ca, signal, ifAway, visible }
  return { client: new ControllerClient(asking), farm }
}

async function textOf({ nas }: Tools, path: string, what: string, hint: string): Promise<string> {
  const text = await readText(nas, path)
  if (text !== undefined) return text
  throw new UserError(`there is no file ${path} that ${what}`, { hint })
}
