import * as z from 'zod'
import { exitCodes, quoted, UserError } from '../../errors.ts'
import { models } from '../../farm/schema.ts'
import type { SshTarget } from '../../host/remote.ts'
import { boardName, wayOf } from '../../sd-card/boards.ts'
import { removeFuseLine } from '../../sd-card/fuse.ts'
import { setBootOrder } from '../../sd-card/live-eeprom.ts'
import { blowFuse, bootPartitionOver } from '../../sd-card/live-fuse.ts'
import { asRoot, type Identity, identify, type Session } from '../../sd-card/live-pi.ts'
import type { Tools } from '../../tools.ts'
import type { EnableOptions } from '../enable-netboot-sd.ts'
import { flag } from '../pi-options.ts'

const seconds = z.coerce.number().positive().max(3600)
/** A Pi with a slow card takes one to two minutes. */
const usualPatience = 240

/** Enables network boot on a running Pi and prints what it is. */
export async function livePi(
  tools: Tools,
  options: EnableOptions,
  destination: string,
  model: string | undefined,
): Promise<number> {
  const { ui, signal } = tools
  const target = readTarget(destination)
  const timeoutMs = (flag('--timeout', seconds, options.timeout) ?? usualPatience) * 1000
  const askPassword = ui.canAsk ? (question: string) => ui.secret(question) : undefined
  const connect = await tools.sshTo(target, {
    keyFile: options.key,
    keyFlag: '--key',
    askPassword,
    trust: ({ name, fingerprint }) =>
      ui.confirm(`${name} was never seen before. Is its key ${fingerprint}?`),
    signal,
  })
  const remote = await connect()
  try {
    const run = await asRoot(remote, askPassword)
    const where = destination
    const session = { where, ui, remote, run, connect, askPassword, signal, timeoutMs }
    if (options.remove) return await takeOut(session, options.json === true)
    const identity = await identify(run)
    await enable(session, identity, model)
    tools.ui.answer(options.json ? JSON.stringify(identity) : described(identity))
    return exitCodes.done
  } finally {
    remote.close()
  }
}

async function enable(session: Session, identity: Identity, model: string | undefined) {
  if (model !== undefined && identity.board !== undefined && identity.board !== model)
    throw new UserError(
      `--model ${model}: this is a ${boardName(identity.board)} (${identity.model})`,
    )
  const board = identity.board ?? model
  if (board === undefined)
    throw new UserError(`which board is ${quoted(identity.model)}?`, { hint: 'say it: --model 3b' })
  const way = wayOf(board)
  if (way.kind === 'fuse') return await blowFuse(session)
  if (way.kind === 'eeprom') return await setBootOrder(session, board)
  if (way.kind === 'nothing-to-do')
    return session.ui.say(`a ${boardName(board)} needs nothing: ${way.why}; nothing was changed`)
  throw new UserError(`a ${boardName(board)} has no fuse for this: ${way.why}`, {
    hint: 'it can boot from a card that holds only bootcode.bin: --bootcode-only',
  })
}

async function takeOut({ ui, run, where }: Session, json: boolean): Promise<number> {
  const changed = (await removeFuseLine(await bootPartitionOver(run, where))) === 'changed'
  const done = changed ? 'the line was taken out of' : 'the line is not in'
  ui.say(`${done} config.txt of ${where}`)
  if (json) ui.answer(JSON.stringify({ where, line: false, changed }))
  return exitCodes.done
}

/** `user@host` or `user@host:port`. */
function readTarget(text: string): SshTarget {
  const [, user, host, port] =
    /^([a-z_][a-z0-9_.-]*)@([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::(\d{1,5}))?$/.exec(
      text,
    ) ?? []
  if (user === undefined || host === undefined)
    throw new UserError(`--ssh ${quoted(text)} is not user@host, or user@host:port`)
  const number = Number(port ?? 22)
  if (number < 1 || number > 65_535)
    throw new UserError(`--ssh ${quoted(text)}: ${port} is no port`, { hint: 'it is 1 to 65535' })
  return { user, host, port: number }
}

function described({ model, board, mac, serial }: Identity): string {
  const line = `${model}  ${mac ?? 'MAC unknown'}  ${serial ?? 'serial unknown'}`
  if (mac === undefined || serial === undefined) return line
  const known = models.find((one) => one === board)
  const ofModel = known === undefined ? '' : ` --model ${known}`
  return `${line}\n  pifarm add-pi --mac ${mac} --serial ${serial}${ofModel}`
}
