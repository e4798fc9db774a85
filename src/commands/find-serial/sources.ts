import type { Farm } from '../../farm/farm.ts'
import { type BootEvent, isFrom, parseLogLine } from '../../netboot/boot-log.ts'
import { type Finding, SerialFinder } from '../../netboot/find-serials.ts'
import {
  followLog,
  followNewLog,
  journalSince,
  type LogSource,
  olderLogs,
} from '../../netboot/log-source.ts'
import { merge } from '../../netboot/merge.ts'
import { scanLog, scanRequests } from '../../netboot/scan-log.ts'
import type { Tools } from '../../tools.ts'

/** Lines that were there before are read too: the Pi may have asked a minute ago. */
const linesBack = 20_000

export interface Search {
  readonly farm: Farm | undefined
  readonly source: LogSource
  readonly until: AbortSignal
  /** Hears of everything that is read on the way. */
  readonly heard: (event: BootEvent) => void
  /** Whether a serial was printed. */
  readonly isAnswered: () => boolean
}

/** What there is since then, the newest first where it lies in files. */
export async function* past(
  { nas, ui, now }: Tools,
  { farm, source, until, heard, isAnswered }: Search,
  span: number,
): AsyncGenerator<Finding> {
  const since = Number.isFinite(span) ? new Date(now().getTime() - span) : undefined
  const expected = farm?.pis.map(({ mac }) => mac) ?? []
  const own = farm?.nas.address
  if (source.kind === 'file') {
    const { plain, compressed } = await olderLogs(nas, source.path)
    const files = [source.path, ...plain]
    const ranOut = () => {
      if (compressed) ui.say(`what is older lies in ${compressed}, which is not read (zcat)`)
    }
    const scan = { since, expected, own, now: now(), until }
    yield* scanLog(nas, files, { ...scan, ranOut })
    // Read once more, and more slowly, only where somebody will ask why there is nothing.
    if (!isAnswered()) for await (const event of scanRequests(nas, files, scan)) heard(event)
    return
  }
  const finder = new SerialFinder(expected)
  for await (const line of journalSince(nas, since, until)) {
    const event = parseLogLine(line)
    if (event === undefined || isFrom(own, event)) continue
    heard(event)
    const finding = finder.feed(event)
    if (finding) yield finding
  }
}

/** What comes, in the log and on the wire; unless `onlyNew` also what just was. */
export async function* live(
  { nas, ui, now, hearPis }: Tools,
  { farm, source, until, heard }: Search,
  { onlyNew, isElsewhere }: { readonly onlyNew: boolean; readonly isElsewhere: boolean },
): AsyncGenerator<Finding> {
  const lines = onlyNew
    ? followNewLog(nas, source, now(), until)
    : followLog(nas, source, linesBack, until)
  const isDeaf = isElsewhere || (await hasDnsmasq(nas))
  const broadcasts = isDeaf ? undefined : await hearPis?.(until, now)
  const log = source.kind === 'journal' ? 'the journal' : source.path
  ui.say(`following ${log}${broadcasts ? ' and DHCP' : ''}; end with Ctrl-C`)
  const finder = new SerialFinder(farm?.pis.map(({ mac }) => mac))
  for await (const event of merge(eventsIn(lines, now), ...(broadcasts ? [broadcasts] : []))) {
    if (isFrom(farm?.nas.address, event)) continue
    heard(event)
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
