import { setImmediate as turn } from 'node:timers/promises'
import type { Mac } from '../farm/schema.ts'
import type { Reader } from '../host/host.ts'
import { type BootEvent, parseLogLine } from './boot-log.ts'
import { type Finding, SerialFinder } from './find-serials.ts'
import { classicTime, splitLogLine } from './log-prefix.ts'
import { mayReveal } from './tftp-lines.ts'

export interface Scan {
  /** Nothing older than this; undefined: the whole file. */
  readonly since: Date | undefined
  /** Boards known beforehand, which are paired by their digits. */
  readonly expected: readonly Mac[]
  readonly now: Date
  /** Ends the reading. */
  readonly until: AbortSignal
}

const pieceSize = 1024 * 1024

/**
 * Reads a log file from its end: the newest finding comes first and at once, whatever the file's
 * size, and each board once. A DHCP line is looked for in the piece of its TFTP request and the one before.
 */
export async function* scanLog(nas: Reader, path: string, scan: Scan): AsyncGenerator<Finding> {
  const told = new Set<string>()
  let newer: readonly BootEvent[] = []
  for await (const older of eventsBack(nas, path, scan)) {
    yield* newOnes(findings(older, newer, scan.expected), told)
    newer = older
  }
  yield* newOnes(findings([], newer, scan.expected), told)
}

/** What the events of one piece reveal, the newest first; those before it only lead to MACs. */
function findings(
  before: readonly BootEvent[],
  events: readonly BootEvent[],
  expected: readonly Mac[],
): Finding[] {
  if (!events.some(({ kind }) => kind === 'tftp')) return []
  const finder = new SerialFinder(expected)
  for (const event of before) if (event.kind === 'dhcp') finder.feed(event)
  return events.flatMap((event) => finder.feed(event) ?? []).reverse()
}

function* newOnes(found: readonly Finding[], told: Set<string>): Generator<Finding> {
  for (const finding of found) {
    const key = finding.serial ?? finding.mac ?? ''
    if (told.has(key)) continue
    told.add(key)
    yield finding
  }
}

/** The events of each piece in their own order, the newest piece first. */
async function* eventsBack(nas: Reader, path: string, scan: Scan): AsyncGenerator<BootEvent[]> {
  const { since, now, until } = scan
  let needsDhcp = false
  for await (const piece of nas.readBack(path, pieceSize)) {
    // The pieces are read at once: without a turn of the event loop no Ctrl-C would be heard.
    await turn()
    if (until.aborted) return
    const requests = eventsWith('tftp', piece, now, mayReveal)
    // Most pieces of a busy machine's log hold nothing of a boot, and are searched for one word only.
    const offers =
      requests.length > 0 || needsDhcp ? eventsWith('DHCP', piece, now, mayBeOffer) : []
    needsDhcp = requests.length > 0
    const events = [...requests, ...offers]
      .sort((a, b) => a.at - b.at)
      .map(({ event }) => event)
      .filter(({ time }) => since === undefined || time === undefined || time >= since.getTime())
    yield events
    if (
      since !== undefined &&
      (timeOfFirst(piece, now) ?? Number.POSITIVE_INFINITY) < since.getTime()
    )
      return
  }
}

interface Found {
  readonly at: number
  readonly event: BootEvent
}

function eventsWith(
  word: string,
  piece: Buffer,
  now: Date,
  isWorthIt: (line: string) => boolean,
): Found[] {
  const found: Found[] = []
  for (let hit = piece.indexOf(word); hit !== -1; ) {
    const from = piece.lastIndexOf(10, hit) + 1
    const end = piece.indexOf(10, hit)
    const to = end === -1 ? piece.length : end
    const line = piece.toString('utf8', from, Math.min(to, from + 65_536))
    const event = isWorthIt(line) ? parseLogLine(line, now) : undefined
    if (event) found.push({ at: from, event })
    hit = end === -1 ? -1 : piece.indexOf(word, end)
  }
  return found
}

function mayBeOffer(line: string): boolean {
  return line.includes('DHCPOFFER') || line.includes('DHCPACK') || line.includes('DHCPDISCOVER')
}

function timeOfFirst(piece: Buffer, now: Date): number | undefined {
  const end = piece.indexOf(10)
  const line = piece.toString('utf8', 0, Math.min(end === -1 ? piece.length : end, 4096))
  return splitLogLine(line)?.time ?? classicTime(line, now)
}
