import { resolve } from 'node:path'
import * as z from 'zod'
import { exitCodes } from '../errors.ts'
import type { Farm } from '../farm/farm.ts'
import { mac } from '../farm/schema.ts'
import { AddressOnly } from '../netboot/address-only.ts'
import { findLogSource, type LogSource } from '../netboot/log-source.ts'
import type { Shared } from '../program.ts'
import type { Tools } from '../tools.ts'
import { deadline, endWith, readTimeout } from './deadline.ts'
import { live, past, type Search } from './find-serial/sources.ts'
import { cureOf, Tally } from './find-serial/tally.ts'
import { mendRequestLog } from './mend-request-log.ts'
import { flag } from './pi-options.ts'
import { readFarm } from './session.ts'
import { showFinding } from './show-finding.ts'

interface FindSerialOptions extends Shared {
  readonly mac?: string
  readonly since?: string
  readonly follow?: true
  readonly timeout?: string
  readonly count?: string
  readonly all?: true
  readonly log?: string
  readonly journal?: true
  readonly fix?: true
  readonly json?: true
}

const units = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const
/** Milliseconds; undefined: all there is. */
const span = z
  .string()
  .regex(/^(?:all|\d{1,6}[smhdw])$/, { error: 'a time such as 90s, 10m, 2h, 3d, 1w, or all' })
  .transform((text) => {
    if (text === 'all') return Number.POSITIVE_INFINITY
    return Number(text.slice(0, -1)) * units[text.slice(-1) as keyof typeof units] * 1000
  })

/** Prints the serial of each Pi that asks to boot: what the log knows, and what comes. */
export async function findSerial(tools: Tools, options: FindSerialOptions): Promise<number> {
  const { nas, ui, signal } = tools
  const only = flag('--mac', mac, options.mac)
  const count = flag('--count', z.coerce.number().int().min(1), options.count)
  const timeout = readTimeout(options.timeout)
  const since = flag('--since', span as z.ZodType<number>, options.since)
  const log = options.log === undefined ? undefined : resolve(options.log)
  const farm = await farmIfAny(tools, options.config)
  const source: LogSource = options.journal
    ? { kind: 'journal' }
    : await findLogSource(nas, log ?? farm?.services.log.file)
  const isOfNow = log === undefined && since === undefined
  if (isOfNow || options.fix) await mendRequestLog(tools, options)
  // A signal of its own, so that whatever is still read ends with the last serial wanted.
  const over = new AbortController()
  const unread = tools.whenUnread?.(over.signal)
  endWith(over, deadline(signal, timeout), unread)
  const macs = new Set(farm?.pis.map((pi) => pi.mac))
  const addressOnly = new AddressOnly((board) => !macs.has(board) && board === (only ?? board))
  const tally = new Tally(farm, { only, all: options.all === true, count })
  const search: Search = {
    farm,
    source,
    until: over.signal,
    isAnswered: () => tally.isAnswered,
    heard(event) {
      const board = addressOnly.feed(event)
      if (board === undefined || since !== undefined) return
      ui.say(`${board} asks for an address and for no file; ${cureOf([board])}`)
    },
  }
  // A log that was named need not be this machine's: then what is heard here is not its Pis.
  const ways = { onlyNew: options.follow === true, isElsewhere: log !== undefined }
  const found = since === undefined ? live(tools, search, ways) : past(tools, search, since)
  try {
    for await (const finding of found) {
      if (!tally.takes(finding)) continue
      ui.answer(showFinding(finding, tally.nameOf(finding), options.json === true))
      if (tally.isEnough) return exitCodes.done
    }
  } finally {
    over.abort()
  }
  const whyNone = tally.isAnswered || unread?.aborted ? undefined : tally.whyNone(addressOnly.all())
  if (signal.aborted && whyNone) ui.say(whyNone.message)
  signal.throwIfAborted()
  // A log that was found empty is a question of what the server writes into it.
  if (whyNone && log === undefined && since !== undefined && !options.fix)
    await mendRequestLog(tools, options)
  if (whyNone) throw whyNone
  return exitCodes.done
}

/** The log is read also where no farm was made yet. */
async function farmIfAny({ nas }: Tools, config: string): Promise<Farm | undefined> {
  if ((await nas.read(config)) === undefined) return undefined
  return (await readFarm(nas, config)).farm
}
