import * as z from 'zod'
import { exitCodes, UserError } from '../errors.ts'
import type { Farm } from '../farm/farm.ts'
import { type Mac, mac, path } from '../farm/schema.ts'
import { type BootEvent, parseLogLine } from '../netboot/boot-log.ts'
import { type Finding, SerialFinder } from '../netboot/find-serials.ts'
import { findLogSource, followLog, journalSince, type LogSource } from '../netboot/log-source.ts'
import { merge } from '../netboot/merge.ts'
import { scanLog } from '../netboot/scan-log.ts'
import type { Shared } from '../program.ts'
import type { Tools } from '../tools.ts'
import { deadline, readTimeout } from './deadline.ts'
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

/** Lines that were there before are read too: the Pi may have asked a minute ago. */
const linesBack = 20_000

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
  const log = flag('--log', path, options.log)
  const farm = await farmIfAny(tools, options.config)
  const source: LogSource = options.journal
    ? { kind: 'journal' }
    : await findLogSource(nas, log ?? farm?.services.log.file)
  if (log === undefined && since === undefined) await mendRequestLog(tools, options)
  // A signal of its own, so that whatever is still read ends with the last serial wanted.
  const over = new AbortController()
  const until = over.signal
  const ends = deadline(signal, timeout)
  // A signal that has fired by now fires no more.
  if (ends.aborted) over.abort()
  ends.addEventListener('abort', () => over.abort(), { once: true })
  const found =
    since === undefined
      ? live(tools, farm, source, options, until)
      : past(tools, farm, source, since, until)
  const inFarm = new Map(farm?.pis.map((pi) => [pi.serial, pi.name]))
  let shown = 0
  try {
    for await (const finding of found) {
      if (only && finding.mac !== only) continue
      const name = finding.serial && inFarm.get(finding.serial)
      if (name !== undefined && !options.all) continue
      ui.answer(showFinding(finding, name, options.json === true))
      shown += 1
      if (shown === count) return exitCodes.done
    }
  } finally {
    over.abort()
  }
  signal.throwIfAborted()
  if (shown > 0) return exitCodes.done
  throw new UserError('no Pi asked for its files', {
    hint: 'is its cable in, its netboot enabled, and its switch port not blocked by STP for 30 s?',
    exitCode: exitCodes.putBack,
  })
}

/** The log is read also where no farm was made yet. */
async function farmIfAny({ nas }: Tools, config: string): Promise<Farm | undefined> {
  if ((await nas.read(config)) === undefined) return undefined
  return (await readFarm(nas, config)).farm
}

function macsOf(farm: Farm | undefined): readonly Mac[] {
  return farm?.pis.map((pi) => pi.mac) ?? []
}

/** What there is since then, the newest first where it lies in a file. */
async function* past(
  { nas, now }: Tools,
  farm: Farm | undefined,
  source: LogSource,
  span: number,
  until: AbortSignal,
): AsyncGenerator<Finding> {
  const since = Number.isFinite(span) ? new Date(now().getTime() - span) : undefined
  const expected = macsOf(farm)
  if (source.kind === 'file') {
    yield* scanLog(nas, source.path, { since, expected, now: now(), until })
    return
  }
  const finder = new SerialFinder(expected)
  for await (const line of journalSince(nas, since, until)) {
    const event = parseLogLine(line)
    const finding = event && finder.feed(event)
    if (finding) yield finding
  }
}

/** What comes, in the log and on the wire; without `--follow` also what just was. */
async function* live(
  { nas, ui, now, hearPis }: Tools,
  farm: Farm | undefined,
  source: LogSource,
  { follow, log }: FindSerialOptions,
  until: AbortSignal,
): AsyncGenerator<Finding> {
  const lines = followLog(nas, source, follow ? 0 : linesBack, until)
  // A log that was named need not be this machine's: then what is heard here is not its Pis.
  const isDeaf = log !== undefined || (await hasDnsmasq(nas))
  const heard = isDeaf ? undefined : await hearPis?.(until, now)
  ui.say(
    `following ${source.kind === 'journal' ? 'the journal' : source.path}${heard ? ' and DHCP' : ''}; end with Ctrl-C`,
  )
  const finder = new SerialFinder(macsOf(farm))
  for await (const event of merge(eventsIn(lines, now), ...(heard ? [heard] : []))) {
    const finding = finder.feed(event)
    if (finding) yield finding
  }
}

async function* eventsIn(lines: AsyncIterable<string>, now: () => Date): AsyncGenerator<BootEvent> {
  for await (const line of lines) {
    const event = parseLogLine(line, now())
    if (event) yield event
  }
}

/** dnsmasq reads from an ordinary socket: another one on its port could take renewals from it. */
async function hasDnsmasq(nas: Tools['nas']): Promise<boolean> {
  const { stdout } = await nas.ask(['ss', '-H', '-u', '-l', '-n', '-p', 'sport = :67'])
  return stdout.includes('"dnsmasq"')
}
